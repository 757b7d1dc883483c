"""Java levels, and the JDKs that container images have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from hookserver.project.findings import Evidence
from hookserver.project.folder import Folder

JDKS = (8, 11, 17, 21, 25)
"""The JDKs of the official Tomcat and Maven images: the long-term ones."""
_HINTS = {
    ".java-version": re.compile(r"^[a-z-]*((?:1\.)?\d+)"),
    ".sdkmanrc": re.compile(r"(?m)^java=(\d+)"),
    "Dockerfile": re.compile(r"(?im)^FROM[ \t][^\n]{0,100}?(?:openjdk|temurin|corretto|jdk|jre|java)[:-]?(\d+)"),
}
_LEVEL = re.compile(r"(?:1\.)?(\d{1,2})(?:\.0)*")


def java_level(text: str) -> str:
    """``1.8``, ``8``, ``17`` or ``VERSION_1_8`` → ``8``, ``8``, ``17``, ``8``; empty for anything else."""
    match = _LEVEL.fullmatch(text.strip().removeprefix("VERSION_").replace("_", "."))
    return match[1] if match and 1 < int(match[1]) < 100 else ""


def sorted_levels(levels: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Each level once, strong evidence before weak, then the highest first."""
    found: dict[str, Evidence] = {}
    for level in sorted(levels, key=lambda level: level.weak):
        found.setdefault(level.value, level)
    return tuple(sorted(found.values(), key=lambda level: (level.weak, -int(level.value))))


def java_hints(folder: Folder) -> Iterator[Evidence]:
    """Weak evidence of the Java level from files beside the build."""
    for name, pattern in _HINTS.items():
        match = pattern.search(folder.text(name))
        if match and (level := java_level(match[1])):
            yield Evidence(level, name, weak=True)


def image_jdk(level: int, at_least: int = 8) -> int:
    """The oldest JDK of an image that runs this level; the newest if none is new enough."""
    return next((version for version in JDKS if version >= max(level, at_least)), JDKS[-1])
