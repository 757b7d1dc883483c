"""Reads Gradle projects. Their build files are programs, which are not run but read as text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from hookserver.project.builds.gradle_files import Files, GradleProject, Part, read_files
from hookserver.project.builds.gradle_values import Values
from hookserver.project.builds.wrapper import read_wrapper
from hookserver.project.findings import Build, Dependency, Evidence
from hookserver.project.folder import Folder
from hookserver.project.java import java_level, sorted_levels

_SPRING_BOOT = re.compile(r"""\bid\s*+\(?\s*["']org\.springframework\.boot["']\)?\s*version\s*\(?["']([\w.-]+)["']""")
_VERSION = r"""(?:JavaVersion\.(?:toVersion\(\s*)?)?["']?([\w.]+)"""
_LEVELS = (
    ("options.release", re.compile(r"""options\.release(?:\.set\(|\s*=)\s*["']?([\w.]+)""")),
    ("languageVersion", re.compile(r"""JavaLanguageVersion\.of\(\s*["']?([\w.]+)""")),
    ("jvmToolchain", re.compile(r"""jvmToolchain\(\s*["']?([\w.]+)""")),
    ("targetCompatibility", re.compile(r"targetCompatibility\s*+[=(]?\s*" + _VERSION)),
    ("sourceCompatibility", re.compile(r"sourceCompatibility\s*+[=(]?\s*" + _VERSION)),
)
# Gradle 7 removed compile, runtime, testCompile and testRuntime:
# https://docs.gradle.org/current/userguide/upgrading_version_6.html
_REMOVED = re.compile(r"""(?:^|[{;])[ \t]*((?:testC|c)ompile|(?:testR|r)untime)[ \t]*[( ][ \t]*[\w"'(]""", re.MULTILINE)
_LAST_WITH_REMOVED = "6"
_TOOLCHAINS = ("languageVersion", "jvmToolchain")
_LIBRARY = re.compile(
    r"""(?:^|[{;])[ \t]*(\w+)\b[ \t(]+(?:\w+\()?["']([\w.-]+):([\w.-]+)(?::([^"'\n@]*))?["']""", re.MULTILINE
)
_MAP_NOTATION = re.compile(
    r"""\bgroup[ \t]*[:=][ \t]*["']([\w.-]+)["'][ \t]*,[ \t]*name[ \t]*[:=][ \t]*["']([\w.-]+)["']"""
    r"""(?:[ \t]*,[ \t]*version[ \t]*[:=][ \t]*["']([^"'\n]+)["'])?"""
)
_SCOPES = {
    "classpath": "import",
    "compileOnly": "provided",
    "providedCompile": "provided",
    "providedRuntime": "provided",
}
_NO_WAR = "no build file applies the war plugin (plugins that are classes are not read): perhaps it makes no WAR"
_WAR_BLOCK = re.compile(r"\b(?:war|bootWar)\s*\{([^}]{0,2000})\}")
_WAR_NAME = re.compile(r"""(?:archiveFileName|archiveName)\s*+(?:\.set\(|=)?\s*["']([^"'$\n]+\.war)["']""")


def read_build(folder: Folder) -> Build | None:
    """The build at the top, with its included projects; None if there is none."""
    files = read_files(folder)
    if files is None:
        return None
    wars = [
        (project, part)
        for project in files.projects
        if (part := next((part for part in project.parts if "war" in part.plugins), None))
    ]
    named = re.search(r"""rootProject\.name\s*=\s*["']([^"'\n]+)""", files.settings.text)
    levels = [level for part in files.parts if (level := _java_level(part, files.values))]
    toolchains = [level for level in levels if level.where.startswith(_TOOLCHAINS)]
    wrapper = read_wrapper(folder, "gradle")
    own_gradle = Evidence(wrapper.version, f"Gradle {wrapper.version}: {wrapper.properties}")
    description = f"{wars[0][1].name} applies the war plugin" if wars else files.first
    return Build(
        kind="gradle",
        description=f"{description} (read as text)",
        wars=tuple(_war_path(project, part) for project, part in wars),
        name=Evidence(named[1], f"rootProject.name in {files.settings.name}") if named else None,
        wrapper=wrapper.script,
        modules=tuple(project.folder for project in files.projects[1:]),
        dependencies=tuple(_all_dependencies(files)),
        java=sorted_levels(levels),
        builder_java=sorted_levels(toolchains)[0] if toolchains else None,
        builder_tool=own_gradle if wrapper.version else _old_gradle(files),
        tomcat=_tomcat_version(files),
        notes=tuple(note for note in (wrapper.note, "" if wars else _NO_WAR) if note),
    )


def _war_path(project: GradleProject, part: Part) -> Evidence:
    """The default name contains the version, which changes: it becomes ``*``. So does a name that refers to a value."""
    blocks = (match[1] for found in project.parts for match in _WAR_BLOCK.finditer(found.raw))
    named = next((match for block in blocks if (match := _WAR_NAME.search(block))), None)
    path = "/".join(piece for piece in (project.folder, "build/libs", named[1] if named else "*.war") if piece)
    return Evidence(path, f"{'archiveFileName' if named else 'the war plugin'} in {part.name}, read as text")


def _java_level(part: Part, values: Values) -> Evidence | None:
    for key, pattern in _LEVELS:
        match = pattern.search(part.text)
        if match and (level := java_level(match[1]) or java_level(values.get(match[1]))):
            return Evidence(level, f"{key} in {part.name}, read as text")
    return None


def _all_dependencies(files: Files) -> Iterator[Dependency]:
    """Libraries that are only in the version catalog count as provided, since their use is unknown."""
    found = [library for part in files.parts for library in _dependencies(part)]
    yield from found
    for part in files.others:
        yield from (replace(library, scope="import") for library in _dependencies(part))
    declared = {(library.group, library.artifact) for library in found}
    for library in files.values.libraries:
        if (library.group, library.artifact) not in declared:
            yield library


def _dependencies(part: Part) -> Iterator[Dependency]:
    boot = _SPRING_BOOT.search(part.text)
    if boot:
        yield Dependency("org.springframework.boot", "spring-boot", boot[1], f"plugin in {part.name}", "import")
    for match in _LIBRARY.finditer(_MAP_NOTATION.sub(r'"\1:\2:\3"', part.text)):
        scope = "test" if match[1].startswith("test") else _SCOPES.get(match[1], "")
        version = match[4] or ""
        yield Dependency(match[2], match[3], version if "$" not in version else "", part.name, scope)


def _tomcat_version(files: Files) -> Evidence | None:
    version = files.values.get("tomcatVersion") or files.values.get("tomcat.version")
    return Evidence(version, f"tomcatVersion of {files.first}") if version else None


def _old_gradle(files: Files) -> Evidence | None:
    """The last Gradle for a build with configurations that Gradle 7 removed."""
    for part in files.parts:
        if match := _REMOVED.search(part.text):
            return Evidence(_LAST_WITH_REMOVED, f"`{match[1]}` in {part.name}, which Gradle 7 removed")
    return None
