"""Ant projects: the default target of their ``build.xml``, by the builder image's Ant."""

from __future__ import annotations

import re
from pathlib import Path

from hookserver.builders.job import BuildJob, Seen, War
from hookserver.builders.running import source as sources
from hookserver.builders.running.container_build import Recipe, build_in_container
from hookserver.builders.running.tools import BuildTools
from hookserver.deploy_log import DeployLog

looks_for = "a build.xml (ant)"
brings_server = False

_IMAGE = "ant:1.10-jdk17"
_ERROR = re.compile(r"\s*\[\w+\] (?:error: |.*: error: |.*(?:symbol|location): )|.*\.xml:\d+: |Buildfile: .* does not")


def recognise(source: Path) -> Seen | None:
    """A ``build.xml`` at the top."""
    return Seen("build.xml") if sources.find(source, "build.xml") else None


def fingerprint(job: BuildJob) -> str:
    """Nothing beside the commit and the settings."""
    del job
    return ""


def make(tools: BuildTools, job: BuildJob, log: DeployLog) -> War:
    """The default target in a container, Ivy's cache in the app's own volume. Raises BuildError with Ant's errors."""
    build = job.app.build
    command = build.command or ("ant", "-noinput")
    log.line(f"$ {' '.join(command)}")
    recipe = Recipe(
        image=build.image or _IMAGE,
        command=command,
        caches={"/root/.ivy2": f"hookserver-{job.app.name}-ivy"},
        folder="",
        is_error=is_error,
        heading="BUILD FAILED",
        war=build.war,
        env={"ANT_OPTS": "-XX:MaxRAMPercentage=60.0"},
    )
    return build_in_container(tools, job, recipe, log)


def is_error(line: str) -> bool:
    """Whether a line of Ant's output says what is wrong."""
    return _ERROR.match(line) is not None
