"""Advises on ``release.sessions``: `check` for the settings of an app, `init` for the settings that it proposes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from hookserver.config import AppSettings
from hookserver.project.answers import Answers, app_name, chosen_build
from hookserver.project.findings import Project, SessionUse
from hookserver.project.repository import origin
from hookserver.project.sessions.suitability import SessionAdvice, advise, advise_without_tomcat, problems_of_shared
from hookserver.project.survey import inspect_folder
from hookserver.project.tomcat_image import tomcat_image


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
    """What is wrong with an app's ``release.sessions``; ``project`` is its project's folder, if that is here."""
    found = inspect_folder(project) if project else None
    use, image = found.sessions if found else SessionUse(), _image(app, found)
    mode, advice = app.release.sessions, advise(use, image)
    if mode == "shared":
        for problem in problems_of_shared(use, image):
            yield f'release.sessions is shared, but {problem}, or set sessions = "sticky"'
    elif advice and mode != advice.mode:
        yield f"in {project}, {advice.text}"


def proposed_sessions(project: Project, answers: Answers) -> SessionAdvice | None:
    """The advice for the settings that are proposed to a project; None if no use of sessions was seen."""
    build, use = chosen_build(project, answers), project.sessions
    if build is None or build.kind != "dockerfile":
        image = tomcat_image(project, answers, build) if build else None
        return advise(use, image.value if image else "")
    return advise(use, build.base) if "tomcat" in build.base.lower() else advise_without_tomcat(use, build.base)


def _image(app: AppSettings, project: Project | None) -> str:
    """The name of the image with the app's Tomcat; empty if only its ``Dockerfile``, which is not here, names it."""
    builds = project.builds if project else ()
    kind = builds[0].kind if builds and app.build.kind == "auto" else app.build.kind
    if kind != "dockerfile":
        return app.tomcat.image
    return next((build.base for build in builds if build.kind == kind), "")


def _location(repository: str) -> str:
    """Host and path of a repository, whatever the protocol."""
    return re.sub(r"^\w+://|:(?=[^/\d])", "/", repository).strip("/").removesuffix(".git").rpartition("@")[2]
