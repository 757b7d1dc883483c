"""Projects that bring their WAR built: in the repository, or as a file on this machine (an absolute ``build.war``)."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath

from hookserver.builders.job import BuildJob, Seen, War
from hookserver.builders.running import source as sources
from hookserver.builders.running.tools import BuildTools
from hookserver.builders.wars.choice import matches
from hookserver.deploy_log import DeployLog
from hookserver.errors import BuildError

looks_for = "a *.war file at the top, in deploy/, dist/, build/ or target/ (war)"
brings_server = False

_PLACES = ("", "deploy", "dist", "build", "target", "war")


def recognise(source: Path) -> Seen | None:
    """WAR files where people put them."""
    found = _usual(source)
    return Seen(f"a prebuilt WAR, {', '.join(found)}") if found else None


def fingerprint(job: BuildJob) -> str:
    """The content of a WAR on the host, which no commit tells. Raises BuildError when it cannot be read."""
    if not _on_host(job):
        return ""
    try:
        with Path(job.app.build.war).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BuildError(f"build.war cannot be read: {error}", "Name a WAR file that is there.") from error


def make(tools: BuildTools, job: BuildJob, log: DeployLog) -> War:
    """The WAR as it lies there. Raises BuildError when there is none, or several."""
    del tools
    if _on_host(job):
        log.line(f"the WAR on this machine: {job.app.build.war}")
        return War(Path(job.app.build.war), job.app.build.image)
    pattern = job.app.build.war
    found = (
        [path for path in sources.files(job.source, "") if matches(path, pattern)] if pattern else _usual(job.source)
    )
    where = f"build.war = {pattern!r}" if pattern else looks_for
    if len(found) != 1:
        said = f"several WARs: {', '.join(found)}" if found else f"no WAR in the repository ({where})"
        raise BuildError(
            said, "Name the one to deploy in build.war (a path, a glob, or an absolute path on this machine)."
        )
    file = sources.find(job.source, found[0])
    if file is None:
        raise BuildError(f"{found[0]} leads out of the repository", "Put the WAR itself there, not a symlink.")
    log.line(f"the WAR in the repository: {found[0]}")
    return War(file, job.app.build.image)


def _usual(source: Path) -> list[str]:
    return [
        path for path in sources.files(source, ".war") if PurePosixPath(path).parent.as_posix() in (".", *_PLACES[1:])
    ]


def _on_host(job: BuildJob) -> bool:
    return job.app.build.war.startswith("/") and job.app.build.kind in ("war", "auto")
