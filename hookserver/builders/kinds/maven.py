"""Maven projects: packaged by the project's own wrapper, or by the builder image's Maven.

Tests are skipped (``-DskipTests``): they belong to the project's CI, and many need a database or Docker, which a build
here does not have. ``build.command`` runs them, or anything else.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from hookserver.builders.job import BuildJob, Seen, War
from hookserver.builders.running import source as sources
from hookserver.builders.running import wrapper
from hookserver.builders.running.container_build import Recipe, build_in_container
from hookserver.builders.running.tools import BuildTools
from hookserver.deploy_log import DeployLog

looks_for = "a pom.xml (maven)"
brings_server = False

IMAGE = "maven:3.9-eclipse-temurin-17"
"""The builder image where the settings name none."""
CACHE = "hookserver-{}-m2"
"""The volume with an app's ``~/.m2``."""
_GOALS = ("-B", "-DskipTests", "package")
# Says nothing of downloads, in every Maven 3: --no-transfer-progress is unknown to a wrapper's Maven before 3.6.1.
_QUIET = "-Dorg.slf4j.simpleLogger.log.org.apache.maven.cli.transfer.Slf4jMavenTransferListener=warn"
_UNSET = "unset MAVEN_CONFIG; "  # the official image sets it to a folder, which the wrapper takes for a goal
_PLUMBING = re.compile(
    r"\[ERROR\] *(?:$|-> \[Help|\[Help \d|To see the full|Re-run Maven|For more information|After corr"
    r"|COMPILATION ERROR :|mvn [<\[]args)"
)
_WRAPPERS_ERROR = re.compile(r"Error: Could not find or load main class |(?:curl|wget): Failed to fetch ")
_NOT_FETCHED = (
    "./mvnw could not fetch its Maven, or its own jar: a company's certificates belong in build.ca_bundle, a proxy in "
    'build.env; or use the Maven of build.image: build.command = ["mvn", "-B", "-DskipTests", "package"]. '
    'MVNW_VERBOSE = "true" in build.env makes it say more.'
)
ADVICE = {
    "load main class org.apache.maven.wrapper.": _NOT_FETCHED,
    "at org.apache.maven.wrapper.DefaultDownloader": _NOT_FETCHED,
    "curl: Failed to fetch ": _NOT_FETCHED,
    "wget: Failed to fetch ": _NOT_FETCHED,
}
"""Remedies for the wrapper's failures, which are no errors of Maven's."""


def recognise(source: Path) -> Seen | None:
    """A ``pom.xml`` at the top."""
    if sources.find(source, "pom.xml") is None:
        return None
    return Seen(f"pom.xml with packaging {packaging(sources.read(source, 'pom.xml'))}")


def fingerprint(job: BuildJob) -> str:
    """Nothing beside the commit and the settings."""
    del job
    return ""


def make(tools: BuildTools, job: BuildJob, log: DeployLog) -> War:
    """``package`` in a container with the app's own ``~/.m2`` in a volume. Raises BuildError with Maven's errors."""
    command = job.app.build.command or (
        *default_command(job.source, log),
        *(("-o",) if job.app.build.offline else ()),
    )
    log.line(f"$ {wrapper.shown(command)}")
    recipe = Recipe(
        image=job.app.build.image or IMAGE,
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
    """``./mvnw`` when the project brings a whole one, else ``mvn``."""
    if sources.find(source, "mvnw") is None:
        return ("mvn", "-ntp", *_GOALS)
    if sources.find(source, ".mvn/wrapper/maven-wrapper.properties") is None:
        log.line("./mvnw is not used: .mvn/wrapper/maven-wrapper.properties is missing")
        return ("mvn", "-ntp", *_GOALS)
    return wrapper.run("mvnw", _QUIET, *_GOALS, first=_UNSET)


def packaging(pom: str) -> str:
    """What a ``pom.xml`` makes; ``jar`` is Maven's default, ``unknown`` what cannot be read."""
    try:
        root = fromstring(pom.encode())
    except (ParseError, DefusedXmlException, ValueError):
        return "unknown"
    return next((child.text or "" for child in root if child.tag.rpartition("}")[2] == "packaging"), "jar").strip()


def is_error(line: str) -> bool:
    """Whether a line of Maven's or its wrapper's output says what is wrong, not merely how to ask for more."""
    if line.startswith("[ERROR]"):
        return not _PLUMBING.match(line)
    return _WRAPPERS_ERROR.match(line) is not None
