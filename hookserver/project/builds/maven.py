"""Reads Maven projects: their ``pom.xml`` files, with the modules and parents in the folder.

The settings of a parent outside the folder are unknown, except the Java level of Spring Boot's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from posixpath import normpath

from hookserver.project.builds.commands import command
from hookserver.project.builds.maven_pom import Pom, read_poms
from hookserver.project.builds.wrapper import Wrapper, read_wrapper
from hookserver.project.findings import Build, Dependency, Evidence
from hookserver.project.folder import Folder, join, text_at
from hookserver.project.java import java_level, sorted_levels

_PLUGIN, _COMPILER = "maven-war-plugin", "maven-compiler-plugin"
_REFERENCE = re.compile(r"\$\{[^}]*\}")
_VERSION = re.compile(r"\$\{[^}]*(?:version|revision)[^}]*\}", re.IGNORECASE)
_FOR_PRODUCTION = re.compile(r"\b(?:prod|production|live|war)\b", re.IGNORECASE)
_TOMCAT = re.compile(r"tomcat\d*[.-]?version", re.IGNORECASE)


def read_build(folder: Folder) -> Build | None:
    """The build of the ``pom.xml`` at the top; None if there is none."""
    if "pom.xml" not in folder:
        return None
    notes: list[str] = []
    poms = list(read_poms(folder, notes))
    if not poms:
        return Build("maven", "pom.xml")
    wars = [pom for pom in poms if pom.get("packaging") == "war"]
    deployed = [pom for pom in wars if not pom.profiles] or [pom for pom in wars if pom.profiles == wars[0].profiles]
    first = (deployed or poms)[0]
    wrapper = read_wrapper(folder, "maven")
    profiles = first.profiles if deployed else ()
    why = f"{first.path} is a module only with the profile {' and '.join(profiles)}, which is not active"
    build = Build(
        kind="maven",
        description=f"{first.path}, packaging {first.get('packaging') or 'jar'}",
        wars=tuple(_war_path(pom) for pom in deployed),
        name=Evidence(first.get("artifactId"), f"artifactId in {first.path}"),
        wrapper=wrapper.script,
        modules=tuple(pom.folder for pom in poms[1:]),
        dependencies=tuple(dependency for pom in poms for dependency in _dependencies(pom)),
        java=sorted_levels(
            level for pom in poms if (level := _java_level(pom) or _level_of_old_compiler(pom, wrapper))
        ),
        builder_java=_enforced_java(poms),
        tomcat=next((found for pom in (*deployed, *poms) if (found := _tomcat_version(pom))), None),
        arguments=(f"-P{','.join(profiles)}",) if profiles else (),
        command_reason=why if profiles else "",
    )
    others = [pom for pom in wars if pom not in deployed]
    return replace(build, notes=(*notes, *_notes(wrapper, poms, deployed), *_profile_notes(build, poms, others)))


def _war_path(pom: Pom) -> Evidence:
    """A version in the name becomes ``*``, since it changes with the next release."""
    # Old versions of the plugin have a parameter warName: https://maven.apache.org/plugins/maven-war-plugin/war-mojo.html
    named = next((text for plugin in pom.plugins(_PLUGIN) if (text := text_at(plugin, "configuration/warName"))), "")
    final = named or next((text for element in pom.elements if (text := text_at(element, "build/finalName"))), "")
    where = f"{'warName' if named else 'finalName' if final else 'artifactId and version'} in {pom.path}"
    name = _REFERENCE.sub("*", pom.expand(_VERSION.sub("*", final))) or "*"
    output = pom.of_plugin(_PLUGIN, "configuration/outputDirectory")
    if output and not _is_outside(pom, output):
        where = f"outputDirectory of {_PLUGIN} and {where}"
    else:
        output = pom.expand("${project.build.directory}")
    return Evidence("/".join(part for part in (join(pom.folder, output), f"{name}.war") if part), where)


def _is_outside(pom: Pom, path: str) -> bool:
    return path.startswith(("/", "${")) or ":" in path or normpath(f"{pom.folder}/{path}".lstrip("/"))[:2] == ".."


def _dependencies(pom: Pom) -> Iterator[Dependency]:
    if pom.external_parent:
        yield pom.external_parent
    managed = {
        (pom.expand(text_at(found, "groupId")), text_at(found, "artifactId")): found
        for element in reversed(pom.elements)
        for found in element.iterfind("dependencyManagement/dependencies/dependency")
    }
    for (group, artifact), found in managed.items():
        if text_at(found, "scope") == "import":
            version = pom.expand(text_at(found, "version"))
            yield Dependency(group, artifact, version, f"{artifact} in {pom.path}", "import")
    for element in pom.elements:
        for path in ("dependencies/dependency", "profiles/profile/dependencies/dependency"):
            for found in element.iterfind(path):
                group, artifact = pom.expand(text_at(found, "groupId")), pom.expand(text_at(found, "artifactId"))
                defaults = managed.get((group, artifact))
                version = pom.expand(text_at(found, "version") or text_at(defaults, "version"))
                scope = pom.expand(text_at(found, "scope") or text_at(defaults, "scope"))
                yield Dependency(group, artifact, version if "${" not in version else "", pom.path, scope)


def _java_level(pom: Pom) -> Evidence | None:
    """The level of the compiler: ``release`` before ``target`` and ``source``, the plugin before properties."""
    # Each parameter has a user property: https://maven.apache.org/plugins/maven-compiler-plugin/compile-mojo.html
    for key in ("release", "target", "source"):
        if level := java_level(pom.of_plugin(_COMPILER, f"configuration/{key}")):
            return Evidence(level, f"{key} of {_COMPILER} in {pom.path}")
        if level := java_level(pom.expand(pom.properties.get(f"maven.compiler.{key}", ""))):
            return Evidence(level, f"maven.compiler.{key} in {pom.path}")
    if level := java_level(pom.expand(pom.properties.get("java.version", ""))):
        return Evidence(level, f"java.version in {pom.path}")
    parent = pom.external_parent
    if parent and parent.artifact == "spring-boot-starter-parent":
        # spring-boot-starter-parent sets java.version: to 1.8 before Spring Boot 3, to 17 since
        major = parent.version.partition(".")[0]
        return Evidence("17" if major.isdigit() and int(major) >= 3 else "8", f"the default of {parent}", weak=True)
    return None


def _level_of_old_compiler(pom: Pom, wrapper: Wrapper) -> Evidence | None:
    """Java 8 as a guess, if the compiler plugin is older than 3.9 and no level is set.

    Its default is then 1.5, from 3.8.0 on 1.6 (MCOMPILER-335), which javac refuses since JDK 12. The version of Maven
    decides on the default version of the plugin. A parent outside the folder can set anything.
    """
    if pom.get("packaging") == "pom" or pom.external_parent:
        return None
    plugin = pom.of_plugin(_COMPILER, "version")
    where = f"{_COMPILER} {plugin} in {pom.path}" if plugin else wrapper.properties
    version = re.match(r"(\d+)\.(\d+)", plugin or (wrapper.version if wrapper.script else ""))
    if version is None or (int(version[1]), int(version[2])) >= (3, 9):
        return None
    reason = f"a guess, no level was found: {where} compiles for Java 5 or 6 by default, which new JDKs refuse"
    return Evidence("8", reason, weak=True)


def _enforced_java(poms: list[Pom]) -> Evidence | None:
    """The Java version that the enforcer plugin requires for running Maven."""
    # "17" means 17 or newer, "[17,22)" is a range: https://maven.apache.org/enforcer/enforcer-rules/versionRanges.html
    for pom in poms:
        for plugin in pom.plugins("maven-enforcer-plugin"):
            for rule in plugin.iter("requireJavaVersion"):
                match = re.search(r"\d+(?:\.\d+)?", pom.expand(text_at(rule, "version")))
                if match and (level := java_level(match[0])):
                    return Evidence(level, f"requireJavaVersion in {pom.path}")
    return None


def _tomcat_version(pom: Pom) -> Evidence | None:
    for name, value in pom.properties.items():
        if _TOMCAT.fullmatch(name) and pom.expand(value)[:1].isdigit():
            return Evidence(pom.expand(value), f"{name} in {pom.path}")
    return None


def _notes(wrapper: Wrapper, poms: list[Pom], deployed: list[Pom]) -> Iterator[str]:
    if not deployed:
        yield (
            "no module has <packaging>war</packaging>, so the build makes no WAR: change it (with Spring Boot extend "
            "SpringBootServletInitializer too), or add a Dockerfile whose app listens on 8080"
        )
    for pom in deployed:
        output = pom.of_plugin(_PLUGIN, "configuration/outputDirectory")
        if _is_outside(pom, output):
            yield f"the WAR of {pom.path} goes to {output}, outside this project: remove that outputDirectory"
    if wrapper.note:
        yield wrapper.note
    external = sorted({f"{pom.external_parent} ({pom.external_parent.where})" for pom in poms if pom.external_parent})
    if external:
        yield f"not in this folder, so its settings are unknown: {', '.join(external)}"


def _profile_notes(build: Build, poms: list[Pom], others: list[Pom]) -> Iterator[str]:
    for pom in others:
        yield f"{pom.path} makes another WAR, only with the profile {' and '.join(pom.profiles)}"
    used = set(build.arguments[0].removeprefix("-P").split(",")) if build.arguments else set()
    profiles = {text_at(profile, "id") for pom in poms for profile in pom.root.iterfind("profiles/profile")}
    for name in sorted(name for name in profiles - used if _FOR_PRODUCTION.search(name))[:3]:
        words = command(replace(build, arguments=(f"-P{','.join(sorted({*used, name}))}",)))
        yield f"the profile {name} is not used; to use it, set build.command = {json.dumps(words, ensure_ascii=False)}"
