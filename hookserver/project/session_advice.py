"""Which way of keeping sessions suits an app, as far as its settings and its project's files tell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from hookserver.config import AppSettings
from hookserver.project.survey import look

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


def advice(app: AppSettings, project: Path) -> Iterator[str]:
    """What to know of the app's sessions; ``project`` is its folder, where that is at hand."""
    if app.release.sessions == "replicated" and (why := cannot_replicate(app.tomcat.image)):
        yield why
    found = look(project)
    if found.builds:
        yield from (f"in {project}, {caution.text}" for caution in found.cautions if caution.topic == "release")
