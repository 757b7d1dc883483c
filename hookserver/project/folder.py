"""A project's folder, which may be huge or hostile: what is read of it is bounded, and stays inside it."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

MOST_FILES = 30_000
MOST_READ = 3_000
MOST_BYTES = 16 << 20
FILE_LIMIT = 256 << 10
_SKIPPED = frozenset({".git", ".gradle", ".hg", ".idea", ".m2", ".svn", "bower_components", "node_modules"})
_PRODUCTS = frozenset({"bin", "build", "out", "target"})
_TOMCAT = re.compile(r"(?:^|/)[^/]*(?:tomcat|catalina)[^/]*/$", re.IGNORECASE)
_NOT_THE_PROGRAM = re.compile(r"(?:^|/)(?:src/(?:test|it|integrationTest|testFixtures)|tests?|buildSrc|\.[^/]+)/")
"""Its tests, and what only builds it: what lies there never runs in the container."""


class Folder:
    """The regular files below ``root``, the shallow ones first; symbolic links are not followed.

    ``notes`` says what was not read, and why.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.notes: list[str] = []
        self._texts: dict[str, str] = {}
        self._bytes = 0
        self._full = False
        self.files: tuple[str, ...] = tuple(self._listed())
        self._known = frozenset(self.files)

    def __contains__(self, name: str) -> bool:
        return name in self._known

    def program_files(self, *endings: str) -> Iterator[str]:
        """The files of the program itself that end so: not those of its tests and of its build."""
        return (name for name in self.files if name.endswith(endings) and not _NOT_THE_PROGRAM.search(name))

    def text(self, name: str) -> str:
        """A file's text, of which the first 256 KB count; empty when it is not there, or the limit is reached."""
        if name in self._texts:
            return self._texts[name]
        if name not in self._known or not self._may_read(name):
            return ""
        try:
            with (self.root / name).open("rb") as file:
                content = file.read(FILE_LIMIT)
        except OSError as error:
            self.notes.append(f"{name} cannot be read: {error.strerror}")
            content = b""
        self._bytes += len(content)
        self._texts[name] = content.decode("utf-8", "replace").removeprefix("\ufeff")
        return self._texts[name]

    def xml(self, name: str) -> Element | None:
        """A file's XML without its namespaces; None, with a note, when it is not to be had or declares entities."""
        return parse_xml(self.text(name), name, self.notes) if name in self._known else None

    def prebuilt_wars(self) -> list[str]:
        """The WARs that lie at the top, or in a folder where people put them."""
        places = ("", "deploy", "dist", "war")
        found = [name for name in self.files if name.endswith(".war") and name.rpartition("/")[0] in places]
        for folder in ("build", "target"):
            at = self.root / folder
            if at.is_dir() and not at.is_symlink():
                found += sorted(f"{folder}/{file.name}" for file in at.glob("*.war") if _is_plain(file))
        return found

    def _may_read(self, name: str) -> bool:
        if len(self._texts) < MOST_READ and self._bytes < MOST_BYTES:
            return True
        if not self._full:
            self._full = True
            self.notes.append(f"this is a large folder: {name} and what comes after it was not read")
        return False

    def _listed(self) -> Iterator[str]:
        """Folders in order of their depth, so that a limit cuts the deep ones."""
        waiting = deque([""])
        count = 0
        while waiting:
            below = waiting.popleft()
            for entry in _entries(self.root / below):
                name = f"{below}{entry.name}"
                count += 1
                if count > MOST_FILES:
                    self.notes.append(f"this is a large folder: only its first {MOST_FILES} files were looked at")
                    return
                if entry.is_dir(follow_symlinks=False):
                    if not _is_skipped(below, entry.name):
                        waiting.append(f"{name}/")
                elif entry.is_file(follow_symlinks=False):
                    yield name


def parse_xml(text: str, name: str, notes: list[str]) -> Element | None:
    """XML without namespaces in its tags; None, with a note, when it is no XML or declares entities."""
    try:
        root: Element = fromstring(text.encode())
    except DefusedXmlException:
        notes.append(f"{name} is refused: it declares XML entities, which can be an attack; write their text instead")
        return None
    except (ParseError, ValueError, LookupError) as error:
        notes.append(f"{name} is not XML that can be read: {error}")
        return None
    namespace = root.tag.rpartition("}")[0].removeprefix("{")
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    if namespace:
        root.set("xmlns", namespace)
    return root


def text_at(element: Element | None, path: str, default: str = "") -> str:
    """The text of the first element at a path, without spaces around it."""
    found = None if element is None else element.find(path)
    return (found.text or "").strip() if found is not None else default


def join(folder: str, name: str) -> str:
    """A path below a relative folder, ``..`` resolved; empty when it leads out."""
    parts: list[str] = []
    for part in PurePosixPath(folder, name).parts:
        if part == "..":
            if not parts:
                return ""
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted((entry for entry in entries if entry.name.isprintable()), key=lambda entry: entry.name)
    except OSError:
        return []


def _is_skipped(below: str, name: str) -> bool:
    inside_sources = "src/" in below
    of_a_tomcat = name == "bin" and _TOMCAT.search(below)
    return name in _SKIPPED or (name in _PRODUCTS and not inside_sources and not of_a_tomcat)


def _is_plain(file: Path) -> bool:
    return file.is_file() and not file.is_symlink() and file.name.isprintable()
