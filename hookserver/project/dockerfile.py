"""A project's own ``Dockerfile``."""

from __future__ import annotations

import re

from hookserver.project.findings import Build
from hookserver.project.folder import Folder

_FROM = re.compile(r"FROM\s+(?:--platform=\S+\s+)?(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE)
_PRODUCT = re.compile(r"(?:^|[\s/\"'])(?:target|build/libs|out)/|\.war\b")


def look(folder: Folder) -> Build | None:
    """What the ``Dockerfile`` at the top begins with; None when there is none."""
    if "Dockerfile" not in folder:
        return None
    lines = re.sub(r"\\[ \t]*\r?\n", " ", folder.text("Dockerfile")).splitlines()
    names: dict[str, str] = {}
    base = ""
    copied: list[str] = []
    for line in (line.strip() for line in lines):
        stage = _FROM.match(line)
        if stage:
            base, copied = names.get(stage[1].lower(), stage[1]), []
            names[(stage[2] or "").lower()] = base
        elif re.match(r"(?:COPY|ADD)\s", line, re.IGNORECASE) and "--from" not in line:
            copied.append(line)
    if not base:
        return Build("dockerfile", "Dockerfile without FROM")
    missing = next((line for line in copied if _PRODUCT.search(line)), "")
    notes = ["the app must listen on port 8080 in the Dockerfile's image, and stop in good order on SIGTERM"]
    if missing:
        notes.append(
            f"the Dockerfile has {missing[:100]!r}: what something else builds first must be in the repository"
        )
    return Build("dockerfile", f"Dockerfile, from {base}", notes=tuple(notes))


def is_whole(build: Build) -> bool:
    """Whether a Dockerfile ends in a Tomcat and needs nothing that something else builds."""
    return "tomcat" in build.what.lower() and needs_nothing(build)


def needs_nothing(build: Build) -> bool:
    """Whether a Dockerfile copies nothing that something else must build first."""
    return len(build.notes) == 1
