"""Reads a ``build.xml`` and the files that it imports: properties, targets, and the tasks that a target runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from hookserver.project.builds.properties import expand, read_properties
from hookserver.project.folder import Folder, join

NETBEANS = "nbproject/project.properties"
_MAX_FILES = 20
_CALLS = ("antcall", "antcallback", "runtarget", "foreach", "ant")


@dataclass(frozen=True)
class AntElement:
    """An element, and the path of its file."""

    element: Element
    path: str


@dataclass(frozen=True)
class Script:
    """``files`` are the ``build.xml`` and its imports, by path."""

    files: Mapping[str, Element]
    properties: Mapping[str, str]
    targets: Mapping[str, AntElement]
    macros: Mapping[str, AntElement]

    @property
    def default(self) -> str:
        """The name of the default target; empty if there is none."""
        return self.files["build.xml"].get("default", "")

    def expand(self, text: str) -> str:
        """The text with the values of its properties."""
        return expand(text, self.properties.get)

    def tasks(self, *tags: str) -> Iterator[AntElement]:
        """All elements with one of these tags."""
        for path, root in self.files.items():
            yield from (AntElement(element, path) for element in root.iter() if element.tag in tags)

    def run_by(self, target: str) -> list[AntElement]:
        """All tasks that run with a target: its own, those of the targets it needs or calls, and those outside."""
        outside = [
            AntElement(element, path)
            for path, root in self.files.items()
            for element in root
            if element.tag not in ("target", "macrodef")
        ]
        waiting = [*outside, *([self.targets[target]] if target in self.targets else [])]
        seen = {id(task.element) for task in waiting}
        found: list[AntElement] = []
        for task in waiting:
            for element in task.element.iter():
                found.append(AntElement(element, task.path))
                for other in self._started_by(element):
                    if id(other.element) not in seen:
                        seen.add(id(other.element))
                        waiting.append(other)
        return found

    def _started_by(self, element: Element) -> Iterator[AntElement]:
        if element.tag in self.macros:
            yield self.macros[element.tag]
        names = []
        if element.tag == "target":
            names = [name.strip() for name in element.get("depends", "").split(",")]
        elif element.tag in _CALLS and element.get("antfile", "build.xml") == "build.xml" and not element.get("dir"):
            names = [self.expand(element.get("target", "") or self.default)]
        yield from (self.targets[name] for name in names if name in self.targets)


def read_script(folder: Folder, notes: list[str]) -> Script | None:
    """The ``build.xml`` at the top; None if it is not readable. Missing imports are added to the notes."""
    root = folder.xml("build.xml")
    if root is None:
        return None
    files = {"build.xml": root}
    for path in (waiting := ["build.xml"]):
        properties = _properties(folder, files)
        for element in files[path].iter("import"):
            name = expand(element.get("file", ""), properties.get)
            imported = join(path.rpartition("/")[0], name)
            if imported in files or len(files) >= _MAX_FILES:
                continue
            found = folder.xml(imported)
            if found is not None:
                files[imported] = found
                waiting.append(imported)
            elif imported not in folder and element.get("optional") != "true":
                notes.append(f"{path} imports {name}, which is not in this folder")
    return Script(files, _properties(folder, files), _named(files, "target"), _named(files, "macrodef"))


def _named(files: Mapping[str, Element], tag: str) -> dict[str, AntElement]:
    # The importing file's target overrides an imported one: https://ant.apache.org/manual/Tasks/import.html
    found: dict[str, AntElement] = {}
    for path, root in files.items():
        for element in root:
            if element.tag == tag and element.get("name"):
                found.setdefault(element.get("name", ""), AntElement(element, path))
    return found


def _properties(folder: Folder, files: Mapping[str, Element]) -> dict[str, str]:
    # Properties are immutable, so the first value counts: https://ant.apache.org/manual/Tasks/property.html
    properties = {"basedir": ".", "ant.project.name": files["build.xml"].get("name", "")}

    def load(path: str) -> None:
        for key, value in read_properties(folder.text(path), path).items():
            properties.setdefault(key, value)

    for element in (element for root in files.values() for element in root.iter("property")):
        if file := element.get("file") or element.get("resource"):
            load(join("", expand(file, properties.get)))
        elif name := element.get("name"):
            properties.setdefault(name, element.get("value") or element.get("location") or "")
    load(NETBEANS)
    return properties
