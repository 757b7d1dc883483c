"""Gradle projects: the project's own wrapper, or the builder image's Gradle, runs ``assemble``. No tests are run."""

from __future__ import annotations

import re
from pathlib import Path

from hookserver.builders.job import BuildJob, War
from hookserver.builders.running import source as sources
from hookserver.builders.running import wrapper
from hookserver.builders.running.container_build import build_in_container
from hookserver.builders.running.recipe import Recipe
from hookserver.builders.running.tools import BuildTools
from hookserver.deploy_log import DeployLog

recognised_by = "a build.gradle or settings.gradle, also .kts (gradle)"
default_image = "gradle:8-jdk17"
brings_server = False

_FILES = ("build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts")
_HOME = "/root/.gradle"
# A daemon would outlive the build, and a rich console draws progress bars:
# https://docs.gradle.org/current/userguide/command_line_interface.html
_TASKS = ("--no-daemon", "--console=plain", "assemble")
# ./gradlew needs both: https://docs.gradle.org/current/userguide/gradle_wrapper.html
_WRAPPER_FILES = ("gradle/wrapper/gradle-wrapper.properties", "gradle/wrapper/gradle-wrapper.jar")
_ERROR = re.compile(
    r"(?:(?:.*: )?error: |  (?:symbol|location): |Execution failed for |A problem occurred"
    r"|Could not |> (?!Task |Configure )\S|Exception in thread )"
)
_TOOLCHAIN = (
    "The build requires a Java toolchain that the builder image does not have: set build.image to an image with that "
    "Java, such as gradle:8-jdk21, or let the project's settings download it (foojay-resolver-convention)."
)
ADVICE = {
    "Cannot find a Java installation": _TOOLCHAIN,
    "No matching toolchains": _TOOLCHAIN,
    "No compatible toolchains": _TOOLCHAIN,
    "at org.gradle.wrapper.": (
        "./gradlew could not download its Gradle: set distributionUrl in gradle-wrapper.properties to a mirror, or "
        'use the Gradle of build.image: build.command = ["gradle", "--no-daemon", "assemble"].'
    ),
}


def recognise(source: Path) -> str:
    """Fits a source with a build or settings file in its top folder."""
    return next((name for name in _FILES if sources.find_file(source, name)), "")


def fingerprint(job: BuildJob) -> str:
    """Empty: the product depends on nothing but the commit and the settings."""
    del job
    return ""


def make(tools: BuildTools, job: BuildJob, log: DeployLog) -> War:
    """Run ``assemble`` in a container; ``~/.gradle`` is the app's own volume.

    Raises BuildError with Gradle's errors.
    """
    build = job.app.build
    command = build.command or (*default_command(job.source, log), *(("--offline",) if build.offline else ()))
    log.line(f"$ {wrapper.as_typed(command)}")
    recipe = Recipe(
        image=build.image or default_image,
        command=command,
        caches={_HOME: f"hookserver-{job.app.name}-gradle"},
        folder="libs",
        is_error=is_error,
        heading="* What went wrong:",
        war=build.war,
        env={"GRADLE_USER_HOME": _HOME},
        advice=ADVICE,
    )
    return build_in_container(tools, job, recipe, log)


def default_command(source: Path, log: DeployLog) -> tuple[str, ...]:
    """``./gradlew`` when the project has all files of the wrapper, else ``gradle``."""
    if sources.find_file(source, "gradlew") is None:
        return ("gradle", *_TASKS)
    missing = [name for name in _WRAPPER_FILES if sources.find_file(source, name) is None]
    if missing:
        log.line(f"./gradlew is not used: {missing[0]} is missing")
        return ("gradle", *_TASKS)
    return wrapper.wrapper_command("gradlew", *_TASKS)


def is_error(line: str) -> bool:
    """Whether a line of Gradle's output is an error."""
    return _ERROR.match(line) is not None
