"""Advises on ``release.sessions``, from the settings of an app and the files of its project."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from hookserver.config import AppSettings
from hookserver.project.answers import app_name
from hookserver.project.repository import origin
from hookserver.project.survey import inspect_folder

_TOMCAT = re.compile(r"(?:^|/)tomcat:(\d+)(?:\.(\d+))?")
_OLDEST = (8, 5)


def cannot_replicate(image: str) -> str:
    """The reason why a Tomcat cannot replicate sessions, by its image's name; empty if it can, or is unknown."""
    named = _TOMCAT.search(image)
    if named is None or (int(named[1]), int(named[2] or 99)) >= _OLDEST:
        return ""
    return (
        f"release.sessions is replicated, and {image} cannot do that: the clustering of a Tomcat older than "
        f'{_OLDEST[0]}.{_OLDEST[1]} stands still when a replica dies; name a newer one, or set sessions = "sticky"'
    )


def app_of_project(folder: Path, apps: Collection[AppSettings]) -> str:
    """The name of the app whose project is in the folder itself; empty if that is uncertain.

    It is certain if there is only one app, or only one with the project's repository, or only one with its name.
    """
    found = inspect_folder(folder)
    if not found.builds or (found.builds[0].kind == "war" and not (folder / ".git").exists()):
        return ""
    clone_of = _location(address.value) if (address := origin(folder)) else ""
    for candidates in (
        list(apps),
        [app for app in apps if clone_of and _location(app.repository) == clone_of],
        [app for app in apps if app.name == app_name(found)],
    ):
        if len(candidates) == 1:
            return candidates[0].name
    return ""


def session_advice(app: AppSettings, project: Path | None) -> Iterator[str]:
    """The advice for an app; ``project`` is the folder of its project, if that is on this machine."""
    if app.release.sessions == "shared" and (why := cannot_replicate(app.tomcat.image)):
        yield why
    for caution in inspect_folder(project).cautions if project else ():
        if caution.topic == "release":
            yield f"in {project}, {caution.text}"


def _location(repository: str) -> str:
    """Host and path of a repository, whatever the protocol."""
    return re.sub(r"^\w+://|:(?=[^/\d])", "/", repository).strip("/").removesuffix(".git").rpartition("@")[2]
