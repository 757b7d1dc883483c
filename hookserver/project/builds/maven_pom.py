"""Reads a ``pom.xml``, its parents and its modules, as far as they are in the folder.

The model is https://maven.apache.org/pom.html: inheritance, aggregation, profiles, property references.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from hookserver.project.builds.properties import expand
from hookserver.project.findings import Dependency
from hookserver.project.folder import Folder, join, text_at

_MAX_MODULES = 200
_MAX_PARENTS = 10
_MODULE_FOLDER = ("basedir", "project.basedir")
_TOP_FOLDER = ("maven.multiModuleProjectDirectory", "session.executionRootDirectory")


@dataclass(frozen=True)
class Pom:
    """``profiles`` are the inactive profiles that add it as a module. ``external_parent`` is not in the folder."""

    path: str
    root: Element
    properties: Mapping[str, str]
    ancestors: tuple[Element, ...]
    external_parent: Dependency | None
    profiles: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        """The folder of the module; empty for the top."""
        return self.path.rpartition("/")[0]

    @property
    def elements(self) -> tuple[Element, ...]:
        """Its own root element, then those of its ancestors, the parent first."""
        return (self.root, *self.ancestors)

    def expand(self, text: str) -> str:
        """The text with the values of its properties, as far as they are in the folder."""
        return expand(text, self.properties.get).strip()

    def get(self, path: str) -> str:
        """The text at a path, of this file or of the nearest ancestor that has it."""
        return self.expand(_first(text_at(element, path) for element in self.elements))

    def plugins(self, artifact: str) -> Iterator[Element]:
        """The declarations of a plugin, the nearest first; each plugin before its management."""
        for element in self.elements:
            for place in ("build/plugins/plugin", "build/pluginManagement/plugins/plugin"):
                yield from (found for found in element.iterfind(place) if text_at(found, "artifactId") == artifact)

    def of_plugin(self, artifact: str, path: str) -> str:
        """The text at a path of the nearest declaration of a plugin that has it."""
        return self.expand(_first(text_at(plugin, path) for plugin in self.plugins(artifact)))


def read_poms(folder: Folder, notes: list[str]) -> Iterator[Pom]:
    """The ``pom.xml`` at the top, then those of all modules, also of inactive profiles."""
    waiting: list[tuple[str, tuple[str, ...]]] = [("pom.xml", ())]
    seen = {"pom.xml"}
    for path, profiles in waiting:
        root = folder.xml(path)
        if root is None:
            continue
        pom = _with_parents(folder, path, root, profiles)
        yield pom
        for text, profile in _modules(root):
            name = pom.expand(text)
            module = join(pom.folder, name if name.endswith(".xml") else f"{name}/pom.xml")
            if module in seen or len(seen) > _MAX_MODULES:
                continue
            seen.add(module)
            if module in folder:
                waiting.append((module, tuple(dict.fromkeys((*profiles, *profile)))))
            else:
                notes.append(f"{path} has the module {name}, which is not in this folder")


def is_active(profile: Element) -> bool:
    """Whether a profile is active without ``-P``. Conditions on the machine (JDK, OS, files) count as not met.

    https://maven.apache.org/guides/introduction/introduction-to-profiles.html
    """
    by_default = text_at(profile, "activation/activeByDefault") == "true"
    return by_default or text_at(profile, "activation/property/name").startswith("!")


def _modules(root: Element) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each module with the inactive profile that adds it, modules without a profile first."""
    found: list[tuple[str, tuple[str, ...]]] = [(module.text or "", ()) for module in root.iterfind("modules/module")]
    found += [
        (module.text or "", () if is_active(profile) else (text_at(profile, "id", "default"),))
        for profile in root.iterfind("profiles/profile")
        for module in profile.iterfind("modules/module")
    ]
    yield from sorted(found, key=lambda module: len(module[1]))


def _with_parents(folder: Folder, path: str, root: Element, profiles: tuple[str, ...]) -> Pom:
    ancestors: list[Element] = []
    external, current, child = None, root, path
    while (parent := current.find("parent")) is not None and len(ancestors) < _MAX_PARENTS:
        # Without a relativePath, Maven searches the folder above (`parent` in the model):
        # https://maven.apache.org/ref/current/maven-model/maven.html
        above = join(child.rpartition("/")[0], text_at(parent, "relativePath") or "../pom.xml")
        above = above if above.endswith(".xml") else f"{above}/pom.xml"
        found = folder.xml(above) if above in folder and above != child else None
        if found is None or text_at(found, "artifactId") != text_at(parent, "artifactId"):
            group, artifact, version = (text_at(parent, key) for key in ("groupId", "artifactId", "version"))
            external = Dependency(group, artifact, version, f"parent in {child}", "import")
            break
        ancestors.append(found)
        current, child = found, above
    return Pom(path, root, _properties(path, root, ancestors, external), tuple(ancestors), external, profiles)


def _properties(path: str, root: Element, ancestors: list[Element], external: Dependency | None) -> dict[str, str]:
    top = "/".join([".."] * path.count("/")) or "."
    properties = {**dict.fromkeys(_MODULE_FOLDER, "."), **dict.fromkeys(_TOP_FOLDER, top)}
    for element in (*reversed(ancestors), root):
        active = (profile for profile in element.iterfind("profiles/profile") if is_active(profile))
        for owner in (*active, element):
            properties.update((child.tag, (child.text or "").strip()) for child in owner.iterfind("properties/*"))
    elements = (root, *ancestors)
    for key in ("groupId", "artifactId", "version", "packaging"):
        text = _first(text_at(element, key) or text_at(element, f"parent/{key}") for element in elements)
        properties.setdefault(f"project.{key}", text)
    output = _first(text_at(element, "build/directory") for element in elements)
    properties.setdefault("project.build.directory", output or "target")
    if external:
        properties.setdefault("project.parent.version", external.version)
    return properties


def _first(texts: Iterator[str]) -> str:
    return next((text for text in texts if text), "")
