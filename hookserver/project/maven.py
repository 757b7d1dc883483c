"""Maven projects, by their ``pom.xml`` files: modules, parents and properties within the folder are followed.

What a parent from elsewhere sets is not known here; of the common ones, Spring Boot's Java level is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from hookserver.project.findings import Build, Dependency, Evidence
from hookserver.project.folder import Folder, join, said
from hookserver.project.java import highest, java_level

_MOST_MODULES = 200
_MOST_PARENTS = 10
_REFERENCE = re.compile(r"\$\{([^}]+)\}")
_FOR_PRODUCTION = re.compile(r"\b(?:prod|production|live|war)\b", re.IGNORECASE)
_WRAPPER = (".mvn/wrapper/maven-wrapper.properties", "mvnw")


@dataclass(frozen=True)
class _Pom:
    path: str
    root: Element
    properties: Mapping[str, str]
    ancestors: tuple[Element, ...]
    foreign: Dependency | None

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]

    def filled(self, text: str) -> str:
        """With ``${…}`` replaced, as far as this folder tells; a bomb of references stays one."""
        for _ in range(_MOST_PARENTS):
            fresh = _REFERENCE.sub(lambda match: self.properties.get(match[1].strip(), match[0])[:500], text)[:2000]
            if fresh == text:
                break
            text = fresh
        return text.strip()

    def get(self, path: str) -> str:
        """The text at a path, of this file or the nearest ancestor that has it."""
        texts = (said(element, path) for element in (self.root, *self.ancestors))
        return self.filled(next((text for text in texts if text), ""))


def look(folder: Folder) -> Build | None:
    """What the ``pom.xml`` at the top makes; None when there is none."""
    if "pom.xml" not in folder:
        return None
    notes: list[str] = []
    poms = list(_poms(folder, notes))
    if not poms:
        return Build("maven", "pom.xml")
    wars = [pom for pom in poms if pom.get("packaging") == "war"]
    notes += _odd_ones(poms, wars)
    shipped = wars or poms
    levels = [level for pom in poms if (level := _java(pom))]
    return Build(
        kind="maven",
        what=f"{shipped[0].path}, packaging {shipped[0].get('packaging') or 'jar'}",
        wars=tuple(_war(pom) for pom in wars),
        name=Evidence(shipped[0].get("artifactId"), f"artifactId in {shipped[0].path}"),
        wrapper="./mvnw" if all(name in folder for name in _WRAPPER) else "",
        modules=tuple(pom.folder for pom in poms[1:]),
        dependencies=tuple(dependency for pom in poms for dependency in _dependencies(pom)),
        java=highest(levels),
        builder_java=_builder_java(poms),
        notes=tuple(notes),
    )


def _poms(folder: Folder, notes: list[str]) -> Iterator[_Pom]:
    """The one at the top, then its modules', those of profiles included."""
    waiting, seen = ["pom.xml"], {"pom.xml"}
    for path in waiting:
        root = folder.xml(path)
        if root is None:
            continue
        pom = _with_parents(folder, path, root)
        yield pom
        for element in (*root.iterfind("modules/module"), *root.iterfind("profiles/profile/modules/module")):
            name = pom.filled(element.text or "")
            module = join(pom.folder, name if name.endswith(".xml") else f"{name}/pom.xml")
            if module in seen or len(seen) > _MOST_MODULES:
                continue
            seen.add(module)
            if module in folder:
                waiting.append(module)
            else:
                notes.append(f"the module {name} that {path} names is not in this folder")


def _with_parents(folder: Folder, path: str, root: Element) -> _Pom:
    ancestors: list[Element] = []
    foreign, current, at = None, root, path
    while (parent := current.find("parent")) is not None and len(ancestors) < _MOST_PARENTS:
        above = join(at.rpartition("/")[0], said(parent, "relativePath", "../pom.xml") or "../pom.xml")
        above = above if above.endswith(".xml") else f"{above}/pom.xml"
        found = folder.xml(above) if above in folder and above != at else None
        if found is None or said(found, "artifactId") != said(parent, "artifactId"):
            foreign = Dependency(
                said(parent, "groupId"),
                said(parent, "artifactId"),
                said(parent, "version"),
                f"parent in {at}",
                "import",
            )
            break
        ancestors.append(found)
        current, at = found, above
    return _Pom(path, root, _properties(root, ancestors, foreign), tuple(ancestors), foreign)


def _properties(root: Element, ancestors: list[Element], foreign: Dependency | None) -> dict[str, str]:
    properties: dict[str, str] = {}
    for element in (*reversed(ancestors), root):
        for profile in element.iterfind("profiles/profile"):
            if said(profile, "activation/activeByDefault") == "true":
                properties.update((child.tag, (child.text or "").strip()) for child in profile.iterfind("properties/*"))
        properties.update((child.tag, (child.text or "").strip()) for child in element.iterfind("properties/*"))
    for key in ("groupId", "artifactId", "version", "packaging"):
        texts = (said(element, key) or said(element, f"parent/{key}") for element in (root, *ancestors))
        properties.setdefault(f"project.{key}", next((text for text in texts if text), ""))
    if foreign:
        properties.setdefault("project.parent.version", foreign.version)
    return properties


def _war(pom: _Pom) -> Evidence:
    plugin = next((found for found in _plugins(pom) if said(found, "artifactId") == "maven-war-plugin"), None)
    named = pom.filled(said(plugin, "configuration/warName"))
    final = named or pom.get("build/finalName")
    name = final or f"{pom.properties['project.artifactId']}-{pom.filled(pom.properties['project.version'])}"
    where = f"{'warName' if named else 'finalName' if final else 'artifactId and version'} in {pom.path}"
    glob = f"{name}.war" if (named or final) and "${" not in name else "*.war"
    return Evidence("/".join(part for part in (pom.folder, "target", glob) if part), where)


def _plugins(pom: _Pom) -> Iterator[Element]:
    for element in (pom.root, *pom.ancestors):
        yield from element.iterfind("build/plugins/plugin")
        yield from element.iterfind("build/pluginManagement/plugins/plugin")


def _dependencies(pom: _Pom) -> Iterator[Dependency]:
    if pom.foreign:
        yield pom.foreign
    managed = {
        (pom.filled(said(found, "groupId")), said(found, "artifactId")): found
        for element in (*pom.ancestors[::-1], pom.root)
        for found in element.iterfind("dependencyManagement/dependencies/dependency")
    }
    for (group, artifact), found in managed.items():
        if said(found, "scope") == "import":
            yield Dependency(group, artifact, pom.filled(said(found, "version")), f"{artifact} in {pom.path}", "import")
    for element in (pom.root, *pom.ancestors):
        for path in ("dependencies/dependency", "profiles/profile/dependencies/dependency"):
            for found in element.iterfind(path):
                group, artifact = pom.filled(said(found, "groupId")), pom.filled(said(found, "artifactId"))
                by_hand = managed.get((group, artifact))
                version = pom.filled(said(found, "version") or said(by_hand, "version"))
                scope = pom.filled(said(found, "scope") or said(by_hand, "scope"))
                yield Dependency(group, artifact, version if "${" not in version else "", pom.path, scope)


def _java(pom: _Pom) -> Evidence | None:
    """What the compiler is told: ``release`` before ``target`` and ``source``, a plug-in's words before properties."""
    compiler = next((found for found in _plugins(pom) if said(found, "artifactId") == "maven-compiler-plugin"), None)
    for key in ("release", "target", "source"):
        told = java_level(pom.filled(said(compiler, f"configuration/{key}")))
        if told:
            return Evidence(told, f"{key} of maven-compiler-plugin in {pom.path}")
        if level := java_level(pom.filled(pom.properties.get(f"maven.compiler.{key}", ""))):
            return Evidence(level, f"maven.compiler.{key} in {pom.path}")
    if level := java_level(pom.filled(pom.properties.get("java.version", ""))):
        return Evidence(level, f"java.version in {pom.path}")
    if pom.foreign and pom.foreign.artifact == "spring-boot-starter-parent":
        major = pom.foreign.version.partition(".")[0]
        return Evidence("17" if major.isdigit() and int(major) >= 3 else "8", f"what {pom.foreign} asks for", weak=True)
    return None


def _builder_java(poms: list[_Pom]) -> Evidence | None:
    """What the enforcer plug-in asks of the Java that runs Maven."""
    for pom in poms:
        for plugin in _plugins(pom):
            for rule in plugin.iter("requireJavaVersion"):
                match = re.search(r"\d+(?:\.\d+)?", pom.filled(said(rule, "version")))
                if match and (level := java_level(match[0])):
                    return Evidence(level, f"requireJavaVersion in {pom.path}")
    return None


def _odd_ones(poms: list[_Pom], wars: list[_Pom]) -> Iterator[str]:
    if not wars:
        yield (
            "no module has <packaging>war</packaging>, so the build leaves no WAR: change it (with Spring Boot extend "
            "SpringBootServletInitializer too), or bring a Dockerfile that listens on 8080"
        )
    profiles = {said(profile, "id") for pom in poms for profile in pom.root.iterfind("profiles/profile")}
    for name in sorted(name for name in profiles if _FOR_PRODUCTION.search(name))[:3]:
        command = f'["mvn", "-B", "-P{name}", "-DskipTests", "package"]'
        yield f"the profile {name} is not used; build.command = {command} uses it"
    foreign = sorted({f"{pom.foreign} ({pom.foreign.where})" for pom in poms if pom.foreign})
    if foreign:
        yield f"not in this folder, so what it sets is not known: {', '.join(foreign)}"
