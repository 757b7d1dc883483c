"""A prebuilt WAR, looked into without unpacking it."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from hookserver.project.findings import Build, Dependency, Evidence, Hit, Hits
from hookserver.project.folder import FILE_LIMIT, Folder, parse_xml
from hookserver.project.java import sorted_levels
from hookserver.project.sessions.bytecode import find_unserializable

_MOST_CLASSES = 1000
_MOST_ENTRIES = 100_000
_MARKS = {"javax": b"javax/servlet/", "jakarta": b"jakarta/servlet/", "session": b"servlet/http/HttpSession"}
"""What a class has in it that uses this."""
_CLASS = re.compile(r"WEB-INF/classes/(?!META-INF/)(?!.*module-info).*\.class")
"""A class for every Java, which Tomcat loads."""
_JAR = re.compile(r"WEB-INF/lib/(.+?)(?:-(\d[\w.-]*))?\.jar")
_FIRST_VERSION = 44
"""Of class files: Java 1.0; each Java since has one more."""


def read_prebuilt_wars(folder: Folder) -> tuple[Build | None, dict[str, Hits], Element | None]:
    """The prebuilt WARs, what the first one's classes use, and its ``web.xml``; nothing when there is none."""
    wars = folder.prebuilt_wars()
    if not wars:
        return None, {}, None
    notes = ["a prebuilt WAR must be committed: what lies in this folder alone is not deployed"]
    hits: dict[str, Hits] = {}
    web_xml: Element | None = None
    java: tuple[Evidence, ...] = ()
    libraries: tuple[Dependency, ...] = ()
    try:
        with zipfile.ZipFile(folder.root / wars[0]) as war:
            hits, java = _classes(war, wars[0])
            libraries = tuple(_libraries(war, wars[0]))
            web_xml = _web_xml(war, wars[0], notes)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError, ValueError) as error:
        notes.append(f"{wars[0]} cannot be read as a WAR: {error}")
    build = Build(
        kind="war",
        what=f"the prebuilt {', '.join(wars[:5])}",
        wars=tuple(Evidence(name, "the file itself") for name in wars),
        name=Evidence(wars[0].rpartition("/")[2].removesuffix(".war"), "the WAR's name"),
        dependencies=libraries,
        java=java,
        notes=tuple(notes),
    )
    return build, hits, web_xml


def _classes(war: zipfile.ZipFile, name: str) -> tuple[dict[str, Hits], tuple[Evidence, ...]]:
    used: dict[str, list[Hit]] = {sort: [] for sort in _MARKS}
    levels = set()
    contents = []
    classes = [entry for entry in war.infolist()[:_MOST_ENTRIES] if _CLASS.fullmatch(entry.filename)]
    for entry in classes[:_MOST_CLASSES]:
        content = _read(war, entry)
        if content[:4] == b"\xca\xfe\xba\xbe" and len(content) > 8:
            levels.add(int.from_bytes(content[6:8], "big") - _FIRST_VERSION)
            contents.append(content)
        for sort, hits in used.items():
            if _MARKS[sort] in content:
                hits.append(Hit(f"{entry.filename} in {name}", ""))
    used["unserialisable"] = [Hit(name, told) for told in find_unserializable(contents)]
    java = sorted_levels(Evidence(str(level), f"the classes in {name}") for level in levels if level > 1)
    return {sort: Hits(tuple(hits[:5]), len(hits)) for sort, hits in used.items() if hits}, java


def _libraries(war: zipfile.ZipFile, name: str) -> Iterator[Dependency]:
    for entry in war.infolist()[:_MOST_ENTRIES]:
        if match := _JAR.fullmatch(entry.filename):
            yield Dependency("", match[1], match[2] or "", name)


def _web_xml(war: zipfile.ZipFile, name: str, notes: list[str]) -> Element | None:
    try:
        entry = war.getinfo("WEB-INF/web.xml")
    except KeyError:
        return None
    return parse_xml(_read(war, entry).decode("utf-8", "replace"), f"WEB-INF/web.xml in {name}", notes)


def _read(war: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """The first bytes, however much a hostile entry unpacks to."""
    with war.open(entry) as content:
        return content.read(FILE_LIMIT)
