"""Maven projects: the project's own wrapper, or the builder image's Maven, runs ``package``.

Tests are skipped (``-DskipTests``): they belong to the project's CI, and many need a database or Docker, which a build
here does not have. ``build.command`` can run them.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from hookserver.builders.job import BuildJob, War
from hookserver.builders.running import source as sources
from hookserver.builders.running import wrapper
from hookserver.builders.running.container_build import build_in_container
from hookserver.builders.running.recipe import Recipe
from hookserver.builders.running.tools import BuildTools
from hookserver.deploy_log import DeployLog

recognised_by = "a pom.xml (maven)"
default_image = "maven:3.9-eclipse-temurin-17"
brings_server = False

CACHE = "hookserver-{}-m2"
"""The volume with an app's ``~/.m2``."""
_GOALS = ("-B", "-DskipTests", "package")
# Hides the downloads in every Maven 3. A wrapper may bring a Maven before 3.6.1, which does not know -ntp:
# https://maven.apache.org/docs/3.6.1/release-notes.html
_QUIET = "-Dorg.slf4j.simpleLogger.log.org.apache.maven.cli.transfer.Slf4jMavenTransferListener=warn"
# The official image sets MAVEN_CONFIG to a folder, which mvnw passes on as a goal:
# https://github.com/carlossg/docker-maven/issues/301
_UNSET = "unset MAVEN_CONFIG; "
_HINTS = re.compile(
    r"\[ERROR\] *(?:$|-> \[Help|\[Help \d|To see the full|Re-run Maven|For more information|After corr"
    r"|COMPILATION ERROR :|mvn [<\[]args)"
)
_WRAPPER_ERROR = re.compile(r"Error: Could not find or load main class |(?:curl|wget): Failed to fetch ")
_NOT_FETCHED = (
    "./mvnw could not download its Maven, or its own jar: put your company's CA into build.ca_bundle, a proxy into "
    'build.env; or use the Maven of build.image: build.command = ["mvn", "-B", "-DskipTests", "package"]. '
    'MVNW_VERBOSE = "true" in build.env makes it log more.'
)
ADVICE = {
    "load main class org.apache.maven.wrapper.": _NOT_FETCHED,
    "at org.apache.maven.wrapper.DefaultDownloader": _NOT_FETCHED,
    "curl: Failed to fetch ": _NOT_FETCHED,
    "wget: Failed to fetch ": _NOT_FETCHED,
}
"""The remedies for failures of the wrapper, by a text of its output."""


def recognise(source: Path) -> str:
    """Fits a source with a ``pom.xml`` in its top folder."""
    if sources.find_file(source, "pom.xml") is None:
        return ""
    return f"pom.xml with packaging {packaging(sources.read_text(source, 'pom.xml'))}"


def fingerprint(job: BuildJob) -> str:
    """Empty: the product depends on nothing but the commit and the settings."""
    del job
    return ""


def make(tools: BuildTools, job: BuildJob, log: DeployLog) -> War:
    """Run ``package`` in a container; ``~/.m2`` is the app's own volume. Raises BuildError with Maven's errors."""
    command = job.app.build.command or (
        *default_command(job.source, log),
        *(("-o",) if job.app.build.offline else ()),
    )
    log.line(f"$ {wrapper.as_typed(command)}")
    recipe = Recipe(
        image=job.app.build.image or default_image,
        command=command,
        caches={"/root/.m2": CACHE.format(job.app.name)},
        folder="target",
        is_error=is_error,
        war=job.app.build.war,
        env={"MAVEN_OPTS": "-XX:MaxRAMPercentage=60.0"},
        advice=ADVICE,
    )
    return replace(build_in_container(tools, job, recipe, log), maven=job.app.build.image)


def default_command(source: Path, log: DeployLog) -> tuple[str, ...]:
    """``./mvnw`` when the project has all files of the wrapper, else ``mvn``."""
    if sources.find_file(source, "mvnw") is None:
        return ("mvn", "-ntp", *_GOALS)
    if sources.find_file(source, ".mvn/wrapper/maven-wrapper.properties") is None:
        log.line("./mvnw is not used: .mvn/wrapper/maven-wrapper.properties is missing")
        return ("mvn", "-ntp", *_GOALS)
    return wrapper.wrapper_command("mvnw", _QUIET, *_GOALS, first=_UNSET)


def packaging(pom: str) -> str:
    """The packaging in a ``pom.xml``; ``unknown`` when it cannot be read.

    ``jar`` is Maven's default: https://maven.apache.org/pom.html#Packaging
    """
    try:
        root = fromstring(pom.encode())
    except (ParseError, DefusedXmlException, ValueError):
        return "unknown"
    return next((child.text or "" for child in root if child.tag.rpartition("}")[2] == "packaging"), "jar").strip()


def is_error(line: str) -> bool:
    """Whether a line of Maven's or its wrapper's output is an error, and not only a hint such as ``Re-run Maven``."""
    if line.startswith("[ERROR]"):
        return not _HINTS.match(line)
    return _WRAPPER_ERROR.match(line) is not None
