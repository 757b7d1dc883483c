"""What a WAR's own bytes tell: whether it is written for ``javax.servlet`` or ``jakarta.servlet``, and for which Java.

Read from the constant pool and the version of its classes (JVM specification §4.1: bytes 6 and 7; 52 is Java 8), never
from files' names. A library may know both servlet APIs; the app's own classes, JSP pages and descriptors speak first.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO

from hookserver.builders.wars.texts import APIS, apis_of_descriptor, apis_of_page, is_descriptor, is_page, tags_of_page

CLASSES = "WEB-INF/classes/"
_CLASS = b"\xca\xfe\xba\xbe"
_BEFORE_JAVA_1 = 44
_DECISIVE = 10
"""How many times more classes of the libraries must speak for one API when some speak for the other."""
_BRINGS = re.compile(rb"<uri>\s*([^<\s]{1,300})\s*</uri>")
_FILE_LIMIT = 2 << 20
_JAR_LIMIT = 1 << 30
"""Bytes of a class or page, and of a jar's classes, that are looked at: a hostile one unpacks to any size."""
FORMAT = 2
"""Changes with what is remembered of libraries."""


@dataclass(frozen=True)
class Facts:
    """``servlet`` is ``javax``, ``jakarta`` or empty (nothing tells, or both do), ``servlet_seen`` where it was read.

    ``java`` is the version that the classes need (17; 0: there are none), ``java_seen`` one of those classes.
    ``tags`` are the tag libraries that jars bring (URI, jar, and the servlet API that the jar speaks, or empty),
    ``pages`` the URIs that pages use, each with the first page.
    """

    servlet: str = ""
    servlet_seen: str = ""
    java: int = 0
    java_seen: str = ""
    tags: tuple[tuple[str, str, str], ...] = ()
    pages: tuple[tuple[str, str], ...] = ()


def merged(own: Facts, library: Facts) -> Facts:
    """Of the whole WAR: its own classes' word on the servlet API goes first, the newest Java of both is needed."""
    speaks = own if own.servlet else library
    newest = max(own, library, key=lambda facts: facts.java)
    return Facts(speaks.servlet, speaks.servlet_seen, newest.java, newest.java_seen, library.tags, own.pages)


def of_own(archive: zipfile.ZipFile, entries: Iterable[zipfile.ZipInfo]) -> Facts:
    """Of the WAR without its libraries: classes, JSP pages and descriptors."""
    tally = _Tally()
    pages: dict[str, str] = {}
    for entry in entries:
        name = entry.filename
        if name.startswith(CLASSES) and _is_loaded(name.removeprefix(CLASSES)):
            tally.add_class(name.removeprefix(CLASSES), _start(archive, entry))
        elif is_page(name):
            content = _start(archive, entry)
            tally.see(apis_of_page(content), name)
            for uri in tags_of_page(content):
                pages.setdefault(uri, name)
        elif is_descriptor(name):
            tally.see(apis_of_descriptor(_start(archive, entry)), name)
    return replace(tally.facts(newest=True), pages=tuple(pages.items()))


def of_library(archive: zipfile.ZipFile, entries: Sequence[zipfile.ZipInfo], work: Path) -> Facts:
    """Of ``WEB-INF/lib``: what its jars mostly speak; each jar is looked at on disk, one after the other."""
    whole = _Tally()
    newest = Facts()
    tags: list[tuple[str, str, str]] = []
    for entry in entries:
        if not entry.filename.endswith(".jar"):
            continue
        name = PurePosixPath(entry.filename).name
        with tempfile.TemporaryFile(dir=work) as spool:
            with archive.open(entry) as packed:
                shutil.copyfileobj(packed, spool, 1 << 20)
            tally = _of_jar(spool, name)
        whole.seen.update(tally.seen)
        whole.first = tally.first | whole.first
        facts = tally.facts(newest=False)
        newest = max(newest, facts, key=lambda facts: facts.java)
        tags += [(uri, name, facts.servlet) for uri in sorted(tally.tags)]
    spoken = whole.facts(newest=False)
    return Facts(spoken.servlet, spoken.servlet_seen, newest.java, newest.java_seen, tuple(tags))


class _Tally:
    """How many classes speak for each API, and which Java they need."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.first: dict[str, str] = {}
        self.java: Counter[int] = Counter()
        self.java_first: dict[int, str] = {}
        self.tags: set[str] = set()

    def add_class(self, name: str, content: bytes) -> None:
        if content[:4] != _CLASS:
            return
        java = int.from_bytes(content[6:8], "big") - _BEFORE_JAVA_1
        self.java[java] += 1
        self.java_first.setdefault(java, name)
        parts = ("servlet", "websocket")
        self.see((api for api in APIS if any(f"{api}/{part}/".encode() in content for part in parts)), name)

    def see(self, apis: Iterable[str], name: str) -> None:
        for api in apis:
            self.seen[api] += 1
            self.first.setdefault(api, name)

    def facts(self, *, newest: bool) -> Facts:
        """``newest``: the newest Java of any class counts; else that of most classes, since a jar may bring spares."""
        java = 0
        if self.java:
            java = max(self.java) if newest else self.java.most_common(1)[0][0]
        servlet = self._servlet()
        return Facts(servlet, self.first.get(servlet, ""), java, self.java_first.get(java, ""))

    def _servlet(self) -> str:
        for api, other in (APIS, APIS[::-1]):
            if self.seen[api] > _DECISIVE * self.seen[other]:
                return api
        return ""


def _of_jar(spool: IO[bytes], jar: str) -> _Tally:
    tally = _Tally()
    left = _JAR_LIMIT
    try:
        with zipfile.ZipFile(spool) as archive:
            for entry in archive.infolist():
                name = entry.filename
                if _is_loaded(name):
                    content = _start(archive, entry)
                    tally.add_class(f"{jar}: {name}", content)
                    left -= len(content)
                elif name.startswith("META-INF/") and name.endswith(".tld"):
                    content = _start(archive, entry)
                    tally.tags.update(uri.decode("utf-8", "replace") for uri in _BRINGS.findall(content))
                    left -= len(content)
                if left < 0:
                    break
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError, zlib.error):
        return _Tally()
    return tally


def _is_loaded(name: str) -> bool:
    """Whether it is a class for every Java: a path from where classes are looked for."""
    return name.endswith(".class") and not name.startswith("META-INF/") and "module-info" not in name


def _start(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    with archive.open(entry) as content:
        return content.read(_FILE_LIMIT)
