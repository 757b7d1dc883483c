"""Which way of keeping sessions suits an app, as far as its settings and its project's files tell."""

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
    """Why a Tomcat cannot replicate sessions, by its image's name; empty where the name does not tell."""
    named = _TOMCAT.search(image)
    if named is None or (int(named[1]), int(named[2] or 99)) >= _OLDEST:
        return ""
    return (
        f"release.sessions is replicated, and {image} cannot do that: the clustering of a Tomcat older than "
        f'{_OLDEST[0]}.{_OLDEST[1]} stands still when a replica dies; name a newer one, or set sessions = "sticky"'
    )


def app_of_project(folder: Path, apps: Collection[AppSettings]) -> str:
    """The name of the app whose project lies in the folder itself, where that is certain: it is the only one, or alone
    has the project's repository, or its name. Empty otherwise; what lies in folders below is anybody's.
    """
    found = inspect_folder(folder)
    if not found.builds or (found.builds[0].kind == "war" and not (folder / ".git").exists()):
        return ""
    clone_of = _place(address.value) if (address := origin(folder)) else ""
    for agree in (
        list(apps),
        [app for app in apps if clone_of and _place(app.repository) == clone_of],
        [app for app in apps if app.name == app_name(found)],
    ):
        if len(agree) == 1:
            return agree[0].name
    return ""


def advice(app: AppSettings, project: Path | None) -> Iterator[str]:
    """What to know of the app's sessions; ``project`` is its folder, where that is at hand."""
    if app.release.sessions == "replicated" and (why := cannot_replicate(app.tomcat.image)):
        yield why
    for caution in inspect_folder(project).cautions if project else ():
        if caution.topic == "release":
            yield f"in {project}, {caution.text}"


def _place(repository: str) -> str:
    """Host and path of a repository, whatever way leads there."""
    return re.sub(r"^\w+://|:(?=[^/\d])", "/", repository).strip("/").removesuffix(".git").rpartition("@")[2]
