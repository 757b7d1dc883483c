"""Projects with a prebuilt WAR: in the repository, or as a file on this machine (an absolute ``build.war``)."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

from hookserver.builders.job import BuildJob, War
from hookserver.builders.running import source as sources
from hookserver.builders.running.tools import BuildTools
from hookserver.builders.wars.choice import fitting_paths
from hookserver.deploy_log import DeployLog
from hookserver.errors import BuildError

recognised_by = "a *.war file in the top folder, in deploy/, dist/, build/ or target/ (war)"
default_image = ""
brings_server = False

_PLACES = ("", "deploy", "dist", "build", "target", "war")


def recognise(source: Path) -> str:
    """Fits a source with WAR files in the usual folders."""
    wars = _usual(source)
    return f"a prebuilt WAR, {', '.join(wars)}" if wars else ""


def fingerprint(job: BuildJob) -> str:
    """The digest of a WAR on the host, which no commit includes. Raises BuildError when it cannot be read."""
    if not _on_host(job):
        return ""
    try:
        with Path(job.app.build.war).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BuildError(
            f"build.war cannot be read: {error}", "Set it to a WAR file that hookserver's user may read."
        ) from error


def make(tools: BuildTools, job: BuildJob, log: DeployLog) -> War:
    """The WAR as it is. Raises BuildError when there is none, or several."""
    del tools
    if _on_host(job):
        log.line(f"the WAR on this machine: {job.app.build.war}")
        return War(Path(job.app.build.war), job.app.build.image)
    pattern = job.app.build.war
    wars = fitting_paths(sources.list_files(job.source, ""), pattern) if pattern else _usual(job.source)
    where = f"build.war = {pattern!r}" if pattern else recognised_by
    if len(wars) != 1:
        problem = f"several WARs: {', '.join(wars)}" if wars else f"no WAR in the repository ({where})"
        raise BuildError(
            problem, "Set build.war to the one to deploy: a path, a glob, or an absolute path on this machine."
        )
    file = sources.find_file(job.source, wars[0])
    if file is None:
        raise BuildError(f"{wars[0]} leads out of the repository", "Put the WAR itself there, not a symlink.")
    log.line(f"the WAR in the repository: {wars[0]}")
    return War(file, job.app.build.image)


def _usual(source: Path) -> list[str]:
    return [
        path
        for path in sources.list_files(source, ".war")
        if PurePosixPath(path).parent.as_posix() in (".", *_PLACES[1:])
    ]


def _on_host(job: BuildJob) -> bool:
    return job.app.build.war.startswith("/") and job.app.build.kind in ("war", "auto")
