"""A ``pom.xml`` with its parents and modules, as far as they lie in the folder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from hookserver.project.findings import Dependency
from hookserver.project.folder import Folder, join, text_at

_MOST_MODULES = 200
_MOST_PARENTS = 10
_HERE = ("basedir", "project.basedir")
_TOP = ("maven.multiModuleProjectDirectory", "session.executionRootDirectory")
_REFERENCE = re.compile(r"\$\{([^}]+)\}")


@dataclass(frozen=True)
class Pom:
    """``profiles`` are those that make it a module, of which it is not known that they are active without being named;
    ``foreign`` is a parent from elsewhere.
    """

    path: str
    root: Element
    properties: Mapping[str, str]
    ancestors: tuple[Element, ...]
    foreign: Dependency | None
    profiles: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]

    def expand(self, text: str) -> str:
        """With ``${…}`` replaced, as far as this folder tells; a bomb of references stays one."""
        for _ in range(_MOST_PARENTS):
            fresh = _REFERENCE.sub(lambda match: self.properties.get(match[1].strip(), match[0])[:500], text)[:2000]
            if fresh == text:
                break
            text = fresh
        return text.strip()

    def get(self, path: str) -> str:
        """The text at a path, of this file or the nearest ancestor that has it."""
        texts = (text_at(element, path) for element in (self.root, *self.ancestors))
        return self.expand(next((text for text in texts if text), ""))

    def plugins(self, artifact: str) -> Iterator[Element]:
        """What is said of a plugin: here, then in the ancestors, each time the plugin itself before its management."""
        for element in (self.root, *self.ancestors):
            for place in ("build/plugins/plugin", "build/pluginManagement/plugins/plugin"):
                yield from (found for found in element.iterfind(place) if text_at(found, "artifactId") == artifact)

    def of_plugin(self, artifact: str, path: str) -> str:
        """The nearest text at a path of a plugin."""
        texts = (text_at(plugin, path) for plugin in self.plugins(artifact))
        return self.expand(next((text for text in texts if text), ""))


def read_poms(folder: Folder, notes: list[str]) -> Iterator[Pom]:
    """The one at the top, then its modules', those of profiles included."""
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
            if module in seen or len(seen) > _MOST_MODULES:
                continue
            seen.add(module)
            if module in folder:
                waiting.append((module, tuple(dict.fromkeys((*profiles, *profile)))))
            else:
                notes.append(f"the module {name} that {path} names is not in this folder")


def _modules(root: Element) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each module with the profile that has to be named for it: those that need none come first."""
    found: list[tuple[str, tuple[str, ...]]] = [(module.text or "", ()) for module in root.iterfind("modules/module")]
    found += [
        (module.text or "", () if is_active(profile) else (text_at(profile, "id", "default"),))
        for profile in root.iterfind("profiles/profile")
        for module in profile.iterfind("modules/module")
    ]
    yield from sorted(found, key=lambda module: len(module[1]))


def is_active(profile: Element) -> bool:
    """Whether a profile is active by itself, as far as the file tells: what looks at the machine counts as not."""
    by_default = text_at(profile, "activation/activeByDefault") == "true"
    return by_default or text_at(profile, "activation/property/name").startswith("!")


def _with_parents(folder: Folder, path: str, root: Element, profiles: tuple[str, ...]) -> Pom:
    ancestors: list[Element] = []
    foreign, current, at = None, root, path
    while (parent := current.find("parent")) is not None and len(ancestors) < _MOST_PARENTS:
        above = join(at.rpartition("/")[0], text_at(parent, "relativePath", "../pom.xml") or "../pom.xml")
        above = above if above.endswith(".xml") else f"{above}/pom.xml"
        found = folder.xml(above) if above in folder and above != at else None
        if found is None or text_at(found, "artifactId") != text_at(parent, "artifactId"):
            foreign = Dependency(
                text_at(parent, "groupId"),
                text_at(parent, "artifactId"),
                text_at(parent, "version"),
                f"parent in {at}",
                "import",
            )
            break
        ancestors.append(found)
        current, at = found, above
    return Pom(path, root, _properties(path, root, ancestors, foreign), tuple(ancestors), foreign, profiles)


def _properties(path: str, root: Element, ancestors: list[Element], foreign: Dependency | None) -> dict[str, str]:
    top = "/".join([".."] * path.count("/")) or "."
    properties = {**dict.fromkeys(_HERE, "."), **dict.fromkeys(_TOP, top)}
    for element in (*reversed(ancestors), root):
        for profile in element.iterfind("profiles/profile"):
            if is_active(profile):
                properties.update((child.tag, (child.text or "").strip()) for child in profile.iterfind("properties/*"))
        properties.update((child.tag, (child.text or "").strip()) for child in element.iterfind("properties/*"))
    for key in ("groupId", "artifactId", "version", "packaging"):
        texts = (text_at(element, key) or text_at(element, f"parent/{key}") for element in (root, *ancestors))
        properties.setdefault(f"project.{key}", next((text for text in texts if text), ""))
    build = (text_at(element, "build/directory") for element in (root, *ancestors))
    properties.setdefault("project.build.directory", next((text for text in build if text), "target"))
    if foreign:
        properties.setdefault("project.parent.version", foreign.version)
    return properties
