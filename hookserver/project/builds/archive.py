"""Reads a prebuilt WAR without unpacking it."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from hookserver.limits.zip import DAMAGED, open_zip
from hookserver.project.findings import Build, Dependency, Evidence, Hit, Hits
from hookserver.project.folder import FILE_LIMIT, Folder, parse_xml
from hookserver.project.java import sorted_levels
from hookserver.project.sessions.bytecode import find_unserializable

_MAX_CLASSES = 1000
_MAX_NAME = 300
"""Characters of a jar's path: a zip file allows 65,535."""
_MAGIC = b"\xca\xfe\xba\xbe"
_NAMES = {"javax": b"javax/servlet/", "jakarta": b"jakarta/servlet/", "session": b"servlet/http/HttpSession"}
"""The text in a class file that uses the API."""
NO_HITS: Mapping[str, Hits] = {"unserializable": Hits()}
# A multi-release jar has its classes for newer Javas in META-INF/versions (JEP 238); module-info is no program code
_CLASS = re.compile(r"WEB-INF/classes/(?!META-INF/)(?!.*module-info).*\.class")
_JAR = re.compile(r"WEB-INF/lib/(.+?)(?:-(\d[\w.-]*))?\.jar")
# The major version of class files of Java N is N + 44 (JVM specification, table 4.1-A)
_VERSION_OFFSET = 44


@dataclass(frozen=True)
class Prebuilt:
    """The prebuilt WARs: ``hits`` and the two files are those of the first one. ``build`` is None if there is none."""

    build: Build | None = None
    hits: dict[str, Hits] = field(default_factory=dict)
    web_xml: Element | None = None
    context_xml: Element | None = None


def read_prebuilt_wars(folder: Folder) -> Prebuilt:
    """The prebuilt WARs of a folder."""
    wars = folder.prebuilt_wars()
    if not wars:
        return Prebuilt()
    notes = ["a prebuilt WAR must be committed: only committed files are deployed"]
    hits: dict[str, Hits] = {}
    files: list[Element | None] = [None, None]
    java: tuple[Evidence, ...] = ()
    libraries: tuple[Dependency, ...] = ()
    try:
        with (folder.root / wars[0]).open("rb") as file, open_zip(file) as war:
            hits, java = _classes(war, wars[0])
            libraries = tuple(_libraries(war, wars[0]))
            files = [_xml(war, wars[0], path, notes) for path in ("WEB-INF/web.xml", "META-INF/context.xml")]
    except DAMAGED as error:
        notes.append(f"{wars[0]} cannot be read as a WAR: {error}")
    build = Build(
        kind="war",
        description=f"the prebuilt {', '.join(wars[:5])}",
        wars=tuple(Evidence(name, "the file itself") for name in wars),
        name=Evidence(wars[0].rpartition("/")[2].removesuffix(".war"), "the WAR's name"),
        dependencies=libraries,
        java=java,
        notes=tuple(notes),
    )
    return Prebuilt(build, hits, *files)


def _classes(war: zipfile.ZipFile, name: str) -> tuple[dict[str, Hits], tuple[Evidence, ...]]:
    found: dict[str, list[Hit]] = {use: [] for use in _NAMES}
    levels = set()
    contents = []
    classes = [entry for entry in war.infolist() if _CLASS.fullmatch(entry.filename)]
    for entry in classes[:_MAX_CLASSES]:
        content = _read(war, entry)
        if content.startswith(_MAGIC) and len(content) > 8:
            levels.add(int.from_bytes(content[6:8], "big") - _VERSION_OFFSET)
            contents.append(content)
        for use, hits in found.items():
            if _NAMES[use] in content:
                hits.append(Hit(f"{entry.filename} in {name}", ""))
    found["unserializable"] = [Hit(name, text) for text in find_unserializable(contents)]
    java = sorted_levels(Evidence(str(level), f"the classes in {name}") for level in levels if level > 1)
    return {use: Hits(tuple(hits[:5]), len(hits)) for use, hits in found.items() if hits}, java


def _libraries(war: zipfile.ZipFile, name: str) -> Iterator[Dependency]:
    for entry in war.infolist():
        if match := _JAR.fullmatch(entry.filename[:_MAX_NAME]):
            yield Dependency("", match[1], match[2] or "", name)


def _xml(war: zipfile.ZipFile, name: str, path: str, notes: list[str]) -> Element | None:
    if path not in war.namelist():
        return None
    return parse_xml(_read(war, war.getinfo(path)).decode("utf-8", "replace"), f"{path} in {name}", notes)


def _read(war: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """The first 256 KB, since a hostile entry can unpack to any size."""
    with war.open(entry) as content:
        return content.read(FILE_LIMIT)
