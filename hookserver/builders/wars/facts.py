"""The servlet API (``javax`` or ``jakarta``) and the Java version that a WAR is compiled for, read from its bytes.

They come from the constant pool and the version of its classes (bytes 6 and 7; 52 is Java 8), never from file names:
https://docs.oracle.com/javase/specs/jvms/se17/html/jvms-4.html#jvms-4.1
A library may use both APIs, so the app's own classes, JSP pages and descriptors count first.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, NoReturn

from hookserver.builders.wars.texts import APIS, apis_of_descriptor, apis_of_page, is_descriptor, is_page, tags_of_page
from hookserver.errors import BuildError
from hookserver.limits.zip import DAMAGED, TooManyEntries, open_zip

CLASSES = "WEB-INF/classes/"
_CLASS = b"\xca\xfe\xba\xbe"
_BEFORE_JAVA_1 = 44
_DECISIVE = 10
"""How many times more classes must use one API than the other to decide for it."""
_TAG_URI = re.compile(rb"<uri>\s*([^<\s]{1,300})\s*</uri>")
_FILE_LIMIT = 2 << 20
"""Bytes that are read of a class or page: a hostile one unpacks to any size."""
_JARS_BYTES = 4 << 30
_JARS_ENTRIES = 1_000_000
"""What is read of the classes of all jars."""
FORMAT = 3
"""The version of the facts that are stored with a layer of libraries."""


@dataclass(frozen=True)
class WarFacts:
    """``servlet`` is ``javax``, ``jakarta`` or empty (neither or both), ``servlet_source`` the file that shows it.

    ``java`` is the version that the classes need (17; 0: there are none), ``java_source`` one of those classes.
    ``tags`` are the tag libraries of the jars (URI, jar, and the servlet API of the jar, or empty), ``pages`` the URIs
    that pages use, each with the first page.
    """

    servlet: str = ""
    servlet_source: str = ""
    java: int = 0
    java_source: str = ""
    tags: tuple[tuple[str, str, str], ...] = ()
    pages: tuple[tuple[str, str], ...] = ()


def merge(own: WarFacts, libraries: WarFacts) -> WarFacts:
    """The facts of the whole WAR: its own servlet API first, else the libraries'; the newer Java of both."""
    servlet = own if own.servlet else libraries
    newest = max(own, libraries, key=lambda facts: facts.java)
    return WarFacts(servlet.servlet, servlet.servlet_source, newest.java, newest.java_source, libraries.tags, own.pages)


def read_own(archive: zipfile.ZipFile, entries: Iterable[zipfile.ZipInfo]) -> WarFacts:
    """The facts of the WAR without its libraries: of its classes, JSP pages and descriptors."""
    tally = _Tally()
    pages: dict[str, str] = {}
    for entry in entries:
        name = entry.filename
        if name.startswith(CLASSES) and _is_loaded(name.removeprefix(CLASSES)):
            tally.add_class(name.removeprefix(CLASSES), _start(archive, entry))
        elif is_page(name):
            content = _start(archive, entry)
            tally.count(apis_of_page(content), name)
            for uri in tags_of_page(content):
                pages.setdefault(uri, name)
        elif is_descriptor(name):
            tally.count(apis_of_descriptor(_start(archive, entry)), name)
    return replace(tally.facts(newest=True), pages=tuple(pages.items()))


def read_libraries(archive: zipfile.ZipFile, entries: Sequence[zipfile.ZipInfo], work: Path) -> WarFacts:
    """The facts of the jars in ``WEB-INF/lib``: the API of most classes. Unpacks one jar at a time into ``work``."""
    whole = _Tally()
    newest = WarFacts()
    budget = _Budget()
    tags: list[tuple[str, str, str]] = []
    for entry in entries:
        if not entry.filename.endswith(".jar"):
            continue
        name = PurePosixPath(entry.filename).name
        with tempfile.TemporaryFile(dir=work) as spool:
            with archive.open(entry) as packed:
                shutil.copyfileobj(packed, spool, 1 << 20)
            tally = _of_jar(spool, name, budget)
        whole.apis.update(tally.apis)
        whole.first = tally.first | whole.first
        facts = tally.facts(newest=False)
        newest = max(newest, facts, key=lambda facts: facts.java)
        tags += [(uri, name, facts.servlet) for uri in sorted(tally.tags)]
    used = whole.facts(newest=False)
    return WarFacts(used.servlet, used.servlet_source, newest.java, newest.java_source, tuple(tags))


class _Tally:
    """Counts how many classes use each API, and which Java they need."""

    def __init__(self) -> None:
        self.apis: Counter[str] = Counter()
        self.first: dict[str, str] = {}
        self.java: Counter[int] = Counter()
        self.java_first: dict[int, str] = {}
        self.tags: set[str] = set()

    def add_class(self, name: str, content: bytes) -> None:
        """Count the API and the Java of a class file; other content counts nothing."""
        if content[:4] != _CLASS:
            return
        java = int.from_bytes(content[6:8], "big") - _BEFORE_JAVA_1
        self.java[java] += 1
        self.java_first.setdefault(java, name)
        parts = ("servlet", "websocket")
        self.count((api for api in APIS if any(f"{api}/{part}/".encode() in content for part in parts)), name)

    def count(self, apis: Iterable[str], name: str) -> None:
        """Count a file that uses these APIs."""
        for api in apis:
            self.apis[api] += 1
            self.first.setdefault(api, name)

    def facts(self, *, newest: bool) -> WarFacts:
        """With ``newest``, the newest Java of any class counts; else that of most: a jar may have spare classes."""
        java = 0
        if self.java:
            java = max(self.java) if newest else self.java.most_common(1)[0][0]
        servlet = self._servlet()
        return WarFacts(servlet, self.first.get(servlet, ""), java, self.java_first.get(java, ""))

    def _servlet(self) -> str:
        for api, other in (APIS, APIS[::-1]):
            if self.apis[api] > _DECISIVE * self.apis[other]:
                return api
        return ""


class _Budget:
    """What may be read of all jars together."""

    def __init__(self) -> None:
        self._entries = _JARS_ENTRIES
        self._bytes = _JARS_BYTES

    def spend(self, jar: str, size: int) -> None:
        """Count an entry of which ``size`` bytes were read. Raises BuildError when it is too much."""
        self._entries -= 1
        self._bytes -= size
        if self._entries < 0 or self._bytes < 0:
            limit = f"{_JARS_ENTRIES} entries, and {_JARS_BYTES >> 30} GB of classes"
            _refuse_jar(jar, f"with the jars before it, more than {limit}")


def _of_jar(spool: IO[bytes], jar: str, budget: _Budget) -> _Tally:
    tally = _Tally()
    try:
        with open_zip(spool) as archive:
            for entry in archive.infolist():
                name, content = entry.filename, b""
                if _is_loaded(name):
                    content = _start(archive, entry)
                    tally.add_class(f"{jar}: {name}", content)
                elif name.startswith("META-INF/") and name.endswith(".tld"):
                    content = _start(archive, entry)
                    tally.tags.update(uri.decode("utf-8", "replace") for uri in _TAG_URI.findall(content))
                budget.spend(jar, len(content))
    except TooManyEntries as error:
        _refuse_jar(jar, str(error))
    except DAMAGED:
        return _Tally()
    return tally


def _refuse_jar(jar: str, reason: str) -> NoReturn:
    raise BuildError(f"the WAR is refused: WEB-INF/lib/{jar} has {reason}", "Check how the build makes it.")


def _is_loaded(name: str) -> bool:
    """Whether Java of every version may load it: below META-INF/versions are classes for newer ones (JEP 238)."""
    return name.endswith(".class") and not name.startswith("META-INF/") and "module-info" not in name


def _start(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    with archive.open(entry) as content:
        return content.read(_FILE_LIMIT)
