"""Ant projects, by their ``build.xml`` and the property files it names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from hookserver.project.findings import Build, Dependency, Evidence
from hookserver.project.folder import Folder, join
from hookserver.project.java import highest, java_level
from hookserver.project.properties import flat

_REFERENCE = re.compile(r"\$\{([^}]+)\}")
_JAR = re.compile(r"(.+?)(?:-(\d[\w.]*?))?\.jar")
_NETBEANS = "nbproject/project.properties"


def look(folder: Folder) -> Build | None:
    """What the ``build.xml`` at the top makes; None when there is none."""
    if "build.xml" not in folder:
        return None
    root = folder.xml("build.xml")
    if root is None:
        return Build("ant", "build.xml")
    properties = _properties(folder, root)
    wars = tuple(_wars(root, properties))
    if not wars and "war.name" in properties:
        place = _filled(properties.get("dist.dir", "dist"), properties)
        wars = (Evidence(f"{place}/{_filled(properties['war.name'], properties)}", f"war.name in {_NETBEANS}"),)
    return Build(
        kind="ant",
        what=f"build.xml, default target {root.get('default') or 'not said'}",
        wars=wars,
        name=Evidence(root.get("name", ""), "the project's name in build.xml") if root.get("name") else None,
        dependencies=tuple(libraries(folder)),
        java=highest(_levels(root, properties)),
        notes=() if wars else ("build.xml has no <war destfile=…>, so the build may leave no WAR",),
    )


def libraries(folder: Folder) -> Iterator[Dependency]:
    """The ``*.jar`` files that lie in the project, by their names. What is in no ``WEB-INF/lib`` is not shipped."""
    for name in folder.named(".jar"):
        match = _JAR.fullmatch(name.rpartition("/")[2])
        if match and "wrapper" not in name:
            scope = "" if "WEB-INF/lib/" in name else "provided"
            yield Dependency("", match[1], match[2] or "", name, scope)


def _properties(folder: Folder, root: Element) -> dict[str, str]:
    """The first value of a property counts, as in Ant."""
    properties = {"basedir": ".", "ant.project.name": root.get("name", "")}
    for element in root.iter("property"):
        file = element.get("file") or element.get("resource")
        if file:
            inside = join("", _filled(file, properties))
            for key, value in flat(folder.text(inside), inside).items():
                properties.setdefault(key, value)
        elif element.get("name"):
            properties.setdefault(str(element.get("name")), element.get("value") or element.get("location") or "")
    for key, value in flat(folder.text(_NETBEANS), _NETBEANS).items():
        properties.setdefault(key, value)
    return properties


def _wars(root: Element, properties: dict[str, str]) -> Iterator[Evidence]:
    seen = set()
    for tag in ("war", "jar", "zip"):
        for element in root.iter(tag):
            made = _filled(element.get("destfile") or element.get("warfile") or "", properties)
            path = join("", re.sub(r"\$\{[^}]*\}", "*", made))
            if path.endswith(".war") and path not in seen:
                seen.add(path)
                yield Evidence(path.removeprefix("/"), f"<{tag} destfile> in build.xml")


def _levels(root: Element, properties: dict[str, str]) -> Iterator[Evidence]:
    for element in root.iter("javac"):
        for key in ("release", "target", "source"):
            if level := java_level(_filled(element.get(key, ""), properties)):
                yield Evidence(level, f"{key} of <javac> in build.xml")
                break
    if level := java_level(_filled(properties.get("javac.target", ""), properties)):
        yield Evidence(level, "javac.target")


def _filled(text: str, properties: dict[str, str]) -> str:
    for _ in range(10):
        fresh = _REFERENCE.sub(lambda match: properties.get(match[1], match[0])[:500], text)[:2000]
        if fresh == text:
            break
        text = fresh
    return text
