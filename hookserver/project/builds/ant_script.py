"""A ``build.xml`` with the files it imports: its properties, its targets, and what a target runs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from hookserver.project.builds.properties import read_properties
from hookserver.project.folder import Folder, join

NETBEANS = "nbproject/project.properties"
_REFERENCE = re.compile(r"\$\{([^}]+)\}")
_MOST_FILES = 20
_CALLS = ("antcall", "antcallback", "runtarget", "foreach", "ant")


@dataclass(frozen=True)
class Task:
    """An element, and the file it stands in."""

    element: Element
    path: str


@dataclass(frozen=True)
class Script:
    """``files`` are the ``build.xml`` and what it imports, by path; the first that names a target has it, as in Ant."""

    files: Mapping[str, Element]
    properties: Mapping[str, str]
    targets: Mapping[str, Task]
    macros: Mapping[str, Task]

    @property
    def default(self) -> str:
        return self.files["build.xml"].get("default", "")

    def expand(self, text: str) -> str:
        """With ``${…}`` replaced as far as the files tell."""
        return expand(text, self.properties)

    def tasks(self, *tags: str) -> Iterator[Task]:
        """The elements with one of these names, wherever they stand."""
        for path, root in self.files.items():
            yield from (Task(element, path) for element in root.iter() if element.tag in tags)

    def run_by(self, target: str) -> list[Task]:
        """What runs with a target: outside of all targets, in itself, in those it depends on or calls, in macros."""
        outside = [
            Task(element, path)
            for path, root in self.files.items()
            for element in root
            if element.tag not in ("target", "macrodef")
        ]
        waiting = [*outside, *([self.targets[target]] if target in self.targets else [])]
        seen = {id(task.element) for task in waiting}
        found: list[Task] = []
        for task in waiting:
            for element in task.element.iter():
                found.append(Task(element, task.path))
                for other in self._led_to(element):
                    if id(other.element) not in seen:
                        seen.add(id(other.element))
                        waiting.append(other)
        return found

    def _led_to(self, element: Element) -> Iterator[Task]:
        if element.tag in self.macros:
            yield self.macros[element.tag]
        names = []
        if element.tag == "target":
            names = [name.strip() for name in element.get("depends", "").split(",")]
        elif element.tag in _CALLS and element.get("antfile", "build.xml") == "build.xml" and not element.get("dir"):
            names = [self.expand(element.get("target", "") or self.default)]
        yield from (self.targets[name] for name in names if name in self.targets)


def read_script(folder: Folder, notes: list[str]) -> Script | None:
    """The ``build.xml`` at the top; None when it cannot be read."""
    root = folder.xml("build.xml")
    if root is None:
        return None
    files = {"build.xml": root}
    for path in (waiting := ["build.xml"]):
        properties = _properties(folder, files)
        for element in files[path].iter("import"):
            name = expand(element.get("file", ""), properties)
            inside = join(path.rpartition("/")[0], name)
            if inside in files or len(files) >= _MOST_FILES:
                continue
            found = folder.xml(inside)
            if found is not None:
                files[inside] = found
                waiting.append(inside)
            elif inside not in folder and element.get("optional") != "true":
                notes.append(f"{path} imports {name}, which is not in this folder")
    return Script(files, _properties(folder, files), _named(files, "target"), _named(files, "macrodef"))


def expand(text: str, properties: Mapping[str, str]) -> str:
    """With ``${…}`` replaced; a bomb of references stays one."""
    for _ in range(10):
        fresh = _REFERENCE.sub(lambda match: properties.get(match[1], match[0])[:500], text)[:2000]
        if fresh == text:
            break
        text = fresh
    return text


def _named(files: Mapping[str, Element], tag: str) -> dict[str, Task]:
    found: dict[str, Task] = {}
    for path, root in files.items():
        for element in root:
            if element.tag == tag and element.get("name"):
                found.setdefault(element.get("name", ""), Task(element, path))
    return found


def _properties(folder: Folder, files: Mapping[str, Element]) -> dict[str, str]:
    """The first value of a property counts, as in Ant."""
    properties = {"basedir": ".", "ant.project.name": files["build.xml"].get("name", "")}
    for element in (element for root in files.values() for element in root.iter("property")):
        file = element.get("file") or element.get("resource")
        if file:
            inside = join("", expand(file, properties))
            for key, value in read_properties(folder.text(inside), inside).items():
                properties.setdefault(key, value)
        elif element.get("name"):
            properties.setdefault(str(element.get("name")), element.get("value") or element.get("location") or "")
    for key, value in read_properties(folder.text(NETBEANS), NETBEANS).items():
        properties.setdefault(key, value)
    return properties
