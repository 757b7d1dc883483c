"""Reads a project's folder, which can be huge or hostile: reading is limited and never leaves the folder."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

MAX_FILES = 30_000
MAX_FILES_READ = 3_000
MAX_BYTES_READ = 16 << 20
FILE_LIMIT = 256 << 10
_SKIPPED = frozenset({".git", ".gradle", ".hg", ".idea", ".m2", ".svn", "bower_components", "node_modules"})
_BUILD_OUTPUT = frozenset({"bin", "build", "out", "target"})
_WAR_FOLDERS = ("", "deploy", "dist", "war")
_TOMCAT = re.compile(r"(?:^|/)[^/]*(?:tomcat|catalina)[^/]*/$", re.IGNORECASE)
_NOT_THE_PROGRAM = re.compile(r"(?:^|/)(?:src/(?:test|it|integrationTest|testFixtures)|tests?|buildSrc|\.[^/]+)/")
"""Folders of tests and of build tools: their files never run in the container."""


class Folder:
    """The regular files below ``root``, those of shallow folders first. Symbolic links are not followed.

    ``notes`` says which files were not read, and why.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.notes: list[str] = []
        self._texts: dict[str, str] = {}
        self._bytes = 0
        self._full = False
        self.files: tuple[str, ...] = tuple(self._list_files())
        self._names = frozenset(self.files)

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def program_files(self, *endings: str) -> Iterator[str]:
        """The files with one of these endings, without those of tests and build tools."""
        return (name for name in self.files if name.endswith(endings) and not _NOT_THE_PROGRAM.search(name))

    def text(self, name: str) -> str:
        """The first 256 KB of a file; empty if there is no such file, or if the limit is reached."""
        if name in self._texts:
            return self._texts[name]
        if name not in self._names or not self._may_read(name):
            return ""
        try:
            with (self.root / name).open("rb") as file:
                content = file.read(FILE_LIMIT)
        except OSError as error:
            self.notes.append(f"{name} cannot be read: {error.strerror}")
            content = b""
        self._bytes += len(content)
        self._texts[name] = content.decode("utf-8", "replace").removeprefix("\ufeff")  # editors on Windows add a BOM
        return self._texts[name]

    def xml(self, name: str) -> Element | None:
        """The root element of an XML file, as of ``parse_xml``; None, without a note, if there is no such file."""
        return parse_xml(self.text(name), name, self.notes) if name in self._names else None

    def prebuilt_wars(self) -> list[str]:
        """The WARs at the top, and in the usual folders for WARs."""
        found = [name for name in self.files if name.endswith(".war") and name.rpartition("/")[0] in _WAR_FOLDERS]
        for folder in ("build", "target"):
            path = self.root / folder
            if path.is_dir() and not path.is_symlink():
                found += sorted(f"{folder}/{file.name}" for file in path.glob("*.war") if _is_plain(file))
        return found

    def _may_read(self, name: str) -> bool:
        if len(self._texts) < MAX_FILES_READ and self._bytes < MAX_BYTES_READ:
            return True
        if not self._full:
            self._full = True
            self.notes.append(f"this is a large folder: {name} and the files after it were not read")
        return False

    def _list_files(self) -> Iterator[str]:
        """Breadth first, so that the limit cuts deep folders."""
        waiting = deque([""])
        count = 0
        while waiting:
            parent = waiting.popleft()
            for entry in _entries(self.root / parent):
                name = f"{parent}{entry.name}"
                count += 1
                if count > MAX_FILES:
                    self.notes.append(f"this is a large folder: only its first {MAX_FILES} files were inspected")
                    return
                if entry.is_dir(follow_symlinks=False):
                    if not _is_skipped(parent, entry.name):
                        waiting.append(f"{name}/")
                elif entry.is_file(follow_symlinks=False):
                    yield name


def parse_xml(text: str, name: str, notes: list[str]) -> Element | None:
    """The root element, with tags without namespaces; its own namespace is its attribute ``xmlns``.

    None, with a note, if the text is not XML or declares entities.
    """
    try:
        root: Element = fromstring(text.encode())
    except DefusedXmlException:
        notes.append(f"{name} is refused: it declares XML entities, which can be an attack; write their text instead")
        return None
    except (ParseError, ValueError, LookupError) as error:
        notes.append(f"{name} is not valid XML: {error}")
        return None
    namespace = root.tag.rpartition("}")[0].removeprefix("{")
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    if namespace:
        root.set("xmlns", namespace)
    return root


def text_at(element: Element | None, path: str, default: str = "") -> str:
    """The stripped text of the first element at a path; the default if there is none."""
    found = None if element is None else element.find(path)
    return (found.text or "").strip() if found is not None else default


def join(folder: str, name: str) -> str:
    """The path of a name in a relative folder, with ``..`` resolved; empty if it leads out of the project."""
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


def _is_skipped(parent: str, name: str) -> bool:
    inside_sources = "src/" in parent
    of_a_tomcat = name == "bin" and _TOMCAT.search(parent)
    return name in _SKIPPED or (name in _BUILD_OUTPUT and not inside_sources and not of_a_tomcat)


def _is_plain(file: Path) -> bool:
    return file.is_file() and not file.is_symlink() and file.name.isprintable()
