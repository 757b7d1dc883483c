"""Maven projects, by their ``pom.xml`` files: modules, parents and properties within the folder are followed.

What a parent from elsewhere sets is not known here; of the common ones, Spring Boot's Java level is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from posixpath import normpath

from hookserver.project.builds.commands import command
from hookserver.project.builds.maven_pom import Pom, read_poms
from hookserver.project.findings import Build, Dependency, Evidence
from hookserver.project.folder import Folder, join, text_at
from hookserver.project.java import java_level, sorted_levels

_PLUGIN, _COMPILER = "maven-war-plugin", "maven-compiler-plugin"
_REFERENCE = re.compile(r"\$\{[^}]*\}")
_VERSION = re.compile(r"\$\{[^}]*(?:version|revision)[^}]*\}", re.IGNORECASE)
_DISTRIBUTION = re.compile(r"(?m)^distributionUrl[ \t]*=.*?apache-maven-(\d+\.\d+)")
_FOR_PRODUCTION = re.compile(r"\b(?:prod|production|live|war)\b", re.IGNORECASE)
_TOMCAT = re.compile(r"tomcat\d*[.-]?version", re.IGNORECASE)
_WRAPPER = (".mvn/wrapper/maven-wrapper.properties", "mvnw")


def read_build(folder: Folder) -> Build | None:
    """What the ``pom.xml`` at the top makes; None when there is none."""
    if "pom.xml" not in folder:
        return None
    notes: list[str] = []
    poms = list(read_poms(folder, notes))
    if not poms:
        return Build("maven", "pom.xml")
    wars = [pom for pom in poms if pom.get("packaging") == "war"]
    made = [pom for pom in wars if not pom.profiles] or [pom for pom in wars if pom.profiles == wars[0].profiles]
    shipped = made or poms
    named = shipped[0].profiles
    build = Build(
        kind="maven",
        what=f"{shipped[0].path}, packaging {shipped[0].get('packaging') or 'jar'}",
        wars=tuple(_war(pom) for pom in made),
        name=Evidence(shipped[0].get("artifactId"), f"artifactId in {shipped[0].path}"),
        wrapper="./mvnw" if all(name in folder for name in _WRAPPER) else "",
        modules=tuple(pom.folder for pom in poms[1:]),
        dependencies=tuple(dependency for pom in poms for dependency in _dependencies(pom)),
        java=sorted_levels(level for pom in poms if (level := _java(pom) or _java_of_old(pom, folder))),
        builder_java=_builder_java(poms),
        tomcat=next((found for pom in (*shipped, *poms) if (found := _tomcat(pom))), None),
        arguments=(f"-P{','.join(named)}",) if made and named else (),
    )
    notes += [*_notes(folder, poms, made), *_profiles(build, poms, [pom for pom in wars if pom not in made])]
    build = replace(build, notes=tuple(notes))
    if not build.arguments:
        return build
    why = f"{shipped[0].path} is a module only with the profile {' and '.join(named)}, which no file tells to be active"
    return replace(build, command=command(build), command_reason=why)


def _war(pom: Pom) -> Evidence:
    """Where a version is in the name it may be any: the next one is another."""
    named = next((text for plugin in pom.plugins(_PLUGIN) if (text := text_at(plugin, "configuration/warName"))), "")
    final = named or next(
        (text for root in (pom.root, *pom.ancestors) if (text := text_at(root, "build/finalName"))), ""
    )
    where = f"{'warName' if named else 'finalName' if final else 'artifactId and version'} in {pom.path}"
    name = _REFERENCE.sub("*", pom.expand(_VERSION.sub("*", final))) or "*"
    place = pom.of_plugin(_PLUGIN, "configuration/outputDirectory")
    if place and not _is_outside(pom, place):
        where = f"outputDirectory of {_PLUGIN} and {where}"
    else:
        place = pom.expand("${project.build.directory}")
    return Evidence("/".join(part for part in (join(pom.folder, place), f"{name}.war") if part), where)


def _is_outside(pom: Pom, place: str) -> bool:
    return place.startswith(("/", "${")) or ":" in place or normpath(f"{pom.folder}/{place}".lstrip("/"))[:2] == ".."


def _dependencies(pom: Pom) -> Iterator[Dependency]:
    if pom.foreign:
        yield pom.foreign
    managed = {
        (pom.expand(text_at(found, "groupId")), text_at(found, "artifactId")): found
        for element in (*pom.ancestors[::-1], pom.root)
        for found in element.iterfind("dependencyManagement/dependencies/dependency")
    }
    for (group, artifact), found in managed.items():
        if text_at(found, "scope") == "import":
            yield Dependency(
                group, artifact, pom.expand(text_at(found, "version")), f"{artifact} in {pom.path}", "import"
            )
    for element in (pom.root, *pom.ancestors):
        for path in ("dependencies/dependency", "profiles/profile/dependencies/dependency"):
            for found in element.iterfind(path):
                group, artifact = pom.expand(text_at(found, "groupId")), pom.expand(text_at(found, "artifactId"))
                by_hand = managed.get((group, artifact))
                version = pom.expand(text_at(found, "version") or text_at(by_hand, "version"))
                scope = pom.expand(text_at(found, "scope") or text_at(by_hand, "scope"))
                yield Dependency(group, artifact, version if "${" not in version else "", pom.path, scope)


def _java(pom: Pom) -> Evidence | None:
    """What the compiler is told: ``release`` before ``target`` and ``source``, a plug-in's words before properties."""
    for key in ("release", "target", "source"):
        if level := java_level(pom.of_plugin(_COMPILER, f"configuration/{key}")):
            return Evidence(level, f"{key} of {_COMPILER} in {pom.path}")
        if level := java_level(pom.expand(pom.properties.get(f"maven.compiler.{key}", ""))):
            return Evidence(level, f"maven.compiler.{key} in {pom.path}")
    if level := java_level(pom.expand(pom.properties.get("java.version", ""))):
        return Evidence(level, f"java.version in {pom.path}")
    if pom.foreign and pom.foreign.artifact == "spring-boot-starter-parent":
        major = pom.foreign.version.partition(".")[0]
        return Evidence("17" if major.isdigit() and int(major) >= 3 else "8", f"what {pom.foreign} asks for", weak=True)
    return None


def _java_of_old(pom: Pom, folder: Folder) -> Evidence | None:
    """A compiler plug-in before 3.9 that is told nothing compiles for Java 5 or 6, which the JDKs since 12 refuse.

    Which one it is, where no file tells, a Maven before 3.9 tells; a parent from elsewhere may tell anything.
    """
    if pom.get("packaging") == "pom" or pom.foreign:
        return None
    plugin = pom.of_plugin(_COMPILER, "version")
    maven = _DISTRIBUTION.search(folder.text(_WRAPPER[0])) if _WRAPPER[1] in folder else None
    told = (plugin, f"{_COMPILER} {plugin} in {pom.path}") if plugin else (maven[1], _WRAPPER[0]) if maven else ("", "")
    version = re.match(r"(\d+)\.(\d+)", told[0])
    if version is None or (int(version[1]), int(version[2])) >= (3, 9):
        return None
    return Evidence(
        "8", f"a guess, no level was found: {told[1]} compiles for 5 or 6 then, as JDKs before 12 can", weak=True
    )


def _builder_java(poms: list[Pom]) -> Evidence | None:
    """What the enforcer plug-in asks of the Java that runs Maven."""
    for pom in poms:
        for plugin in pom.plugins("maven-enforcer-plugin"):
            for rule in plugin.iter("requireJavaVersion"):
                match = re.search(r"\d+(?:\.\d+)?", pom.expand(text_at(rule, "version")))
                if match and (level := java_level(match[0])):
                    return Evidence(level, f"requireJavaVersion in {pom.path}")
    return None


def _tomcat(pom: Pom) -> Evidence | None:
    """The version that a property of the project is named for."""
    for name, value in pom.properties.items():
        if _TOMCAT.fullmatch(name) and pom.expand(value)[:1].isdigit():
            return Evidence(pom.expand(value), f"{name} in {pom.path}")
    return None


def _notes(folder: Folder, poms: list[Pom], made: list[Pom]) -> Iterator[str]:
    if not made:
        yield (
            "no module has <packaging>war</packaging>, so the build leaves no WAR: change it (with Spring Boot extend "
            "SpringBootServletInitializer too), or bring a Dockerfile that listens on 8080"
        )
    for pom in made:
        place = pom.of_plugin(_PLUGIN, "configuration/outputDirectory")
        if _is_outside(pom, place):
            yield f"the WAR of {pom.path} goes to {place}, outside this project, where nothing finds it: leave it out"
    if _WRAPPER[1] in folder and _WRAPPER[0] not in folder:
        yield f"./mvnw is not used, since {_WRAPPER[0]} is missing: commit it, or the image's own Maven builds"
    foreign = sorted({f"{pom.foreign} ({pom.foreign.where})" for pom in poms if pom.foreign})
    if foreign:
        yield f"not in this folder, so what it sets is not known: {', '.join(foreign)}"


def _profiles(build: Build, poms: list[Pom], not_made: list[Pom]) -> Iterator[str]:
    for pom in not_made:
        yield f"{pom.path} makes another WAR, only with the profile {' and '.join(pom.profiles)}"
    named = set(build.arguments[0].removeprefix("-P").split(",")) if build.arguments else set()
    profiles = {text_at(profile, "id") for pom in poms for profile in pom.root.iterfind("profiles/profile")}
    for name in sorted(name for name in profiles - named if _FOR_PRODUCTION.search(name))[:3]:
        words = command(replace(build, arguments=(f"-P{','.join(sorted({*named, name}))}",)))
        yield f"the profile {name} is not used; build.command = {json.dumps(words, ensure_ascii=False)} uses it"
