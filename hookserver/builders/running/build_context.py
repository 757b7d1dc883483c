"""The files of a source that the build of its Dockerfile gets: those that ``.dockerignore`` does not exclude.

The rules are those of https://docs.docker.com/build/concepts/context/#dockerignore-files
"""

from __future__ import annotations

import os
import posixpath
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hookserver.limits.glob import Globs

_ALWAYS = ("Dockerfile", ".dockerignore")
"""The builder reads these itself."""


@dataclass(frozen=True)
class Pattern:
    """A line of ``.dockerignore``; an exception begins with ``!``."""

    text: str
    is_exception: bool = False


def read_patterns(text: str) -> list[Pattern]:
    """The patterns of a ``.dockerignore``, each as Go's ``filepath.Clean`` writes it."""
    lines = (line.strip() for line in text.removeprefix("\ufeff").split("\n") if not line.startswith("#"))
    return [
        Pattern(posixpath.normpath(line.removeprefix("!").strip()).lstrip("/"), line.startswith("!"))
        for line in lines
        if line
    ]


def included_paths(source: Path, ignored: str) -> Iterator[str]:
    """The relative paths of the files, folders and links that the text of ``.dockerignore`` does not exclude.

    The last pattern that fits a path, or a folder above it, decides. A folder that is excluded is searched only if an
    exception begins with its path, as Docker does. Raises TooManyPatterns.
    """
    patterns = [*read_patterns(ignored), *(Pattern(name, is_exception=True) for name in _ALWAYS)]
    globs = Globs(pattern.text for pattern in patterns)
    exceptions = sorted(f"{pattern.text}/" for pattern in patterns if pattern.is_exception)
    waiting = [("", globs.start, -1)]
    while waiting:
        folder, state, decided = waiting.pop()
        for entry in sorted(os.scandir(source / folder), key=lambda entry: entry.name):
            path = f"{folder}{entry.name}"
            after = globs.step(state, entry.name)
            last = max(decided, globs.last(after))
            is_included = last < 0 or patterns[last].is_exception
            if is_included:
                yield path
            if entry.is_dir(follow_symlinks=False) and (is_included or _any_below(exceptions, f"{path}/")):
                waiting.append((f"{path}/", globs.step(after, "/"), last))


def _any_below(exceptions: list[str], folder: str) -> bool:
    """Whether one of these sorted paths is in the folder."""
    index = bisect_left(exceptions, folder)
    return index < len(exceptions) and exceptions[index].startswith(folder)
