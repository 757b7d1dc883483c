"""Finds the build files of a Gradle build, and the parts of them that configure each of its projects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from hookserver.project.builds.gradle_values import Values, read_values
from hookserver.project.comments import without_comments
from hookserver.project.folder import Folder, join

_INCLUDE = re.compile(r"""(?:^|;)[ \t]*include\b\s*+\(?\s*((?:["'][^"'\n]+["']\s*+,?\s*)+)""", re.MULTILINE)
_INCLUDED_BUILD = re.compile(r"""\bincludeBuild\s*+\(?\s*["']([^"'\n]+)["']""")
_STRING = re.compile(r"""["']([^"'\n]+)["']""")
_PROJECT_DIR = re.compile(
    r"""project\(\s*["']([^"'\n]+)["']\s*\)\.projectDir\s*=\s*(?:new\s+)?[Ff]ile\(\s*(?:\w+\s*,\s*)?["']([^"'\n]+)["']"""
)
_ROOT_DIR = re.compile(r"\$(?:\{\w+\}|\w+)/")
_PLUGIN_FOLDERS = ("/src/main/groovy/", "/src/main/kotlin/")
_FOR_PROJECTS = re.compile(
    r"""^[ \t]*(?:configure[ \t]*\([ \t]*)?"""
    r"""(?:(allprojects|subprojects)|project[ \t]*\([ \t]*["']([^"'\n]+)["'][ \t]*\))[ \t]*+\)?[ \t]*\{""",
    re.MULTILINE,
)
_BRACE = re.compile(r"[{}]")
_PLUGINS = re.compile(r"\bplugins\s*\{([^{}]{0,10000})\}")
_BARE = re.compile(r"`?([a-z][\w-]*)`?")
_ID = re.compile(r"""\b(?:id[ \t]*+\(?|plugin[ \t]*[:=(])[ \t]*["']([\w.-]+)["']""")
_WAR_CLASS = re.compile(r"\bWarPlugin\b")
_MAX_PROJECTS = 200
_NOT_APPLIED = re.compile(r"\bapply[ \t(]+false\b")


@dataclass(frozen=True)
class Part:
    """A build file, or its block for one project. ``text`` is ``raw`` with the values of its names."""

    name: str
    raw: str
    text: str

    @cached_property
    def plugins(self) -> frozenset[str]:
        """The ids of the plugins that it applies."""
        inside = [part.strip() for block in _PLUGINS.finditer(self.text) for part in re.split(r"[;\n]", block[1])]
        found = {match[1] for part in inside if (match := _BARE.fullmatch(part))}
        for statement in re.split(r"[;\n]", self.text):
            if not _NOT_APPLIED.search(statement):
                found.update(_ID.findall(statement))
        return frozenset(found | ({"war"} if _WAR_CLASS.search(self.text) else set()))


@dataclass(frozen=True)
class GradleProject:
    """One project of the build: its folder, and all parts that configure it, its own build file first."""

    folder: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Files:
    """``projects`` begins with the one at the top; ``others`` are the settings, and the build files of plugins."""

    first: str
    settings: Part
    projects: tuple[GradleProject, ...]
    others: tuple[Part, ...]
    values: Values

    @property
    def parts(self) -> list[Part]:
        """The parts of all projects, each once."""
        return list({(part.name, part.raw): part for project in self.projects for part in project.parts}.values())


def read_files(folder: Folder) -> Files | None:
    """The files of the build at the top, with those of its own plugins; None if there are none."""
    top = _build_file(folder, "", "")
    settings = next((name for name in ("settings.gradle", "settings.gradle.kts") if name in folder), "")
    if not top and not settings:
        return None
    settings_text = without_comments(folder.text(settings), settings)
    folders = {"": "", **_project_folders(folder, settings_text)}
    files = {path: _build_file(folder, place, path.rpartition(":")[2]) for path, place in folders.items()}
    plugin_files, plugin_builds = _own_plugins(folder, settings_text)
    # A file that is missing has the name "" and no text
    names = dict.fromkeys((settings, *files.values(), *plugin_files.values(), *plugin_builds))
    texts = {name: without_comments(folder.text(name), name) for name in names}
    values = read_values(folder, texts.values())

    def part(name: str, raw: str) -> Part:
        return Part(name, raw, values.expand(raw))

    rest, blocks = split_project_blocks(texts[top])
    whole = {name: part(name, rest if name == top else text) for name, text in texts.items()}
    shared = [(target, part(top, text)) for target, text in blocks]
    plugins = {plugin: whole[name] for plugin, name in plugin_files.items()}
    projects = []
    for path, place in folders.items():
        targets = (path, "allprojects", "subprojects") if path else (path, "allprojects")
        own = [whole[files[path]], *(found for target, found in shared if target in targets)]
        projects.append(GradleProject(place, tuple(_with_plugins(own, plugins))))
    others = tuple(whole[name] for name in (settings, *plugin_builds))
    return Files(top or settings, whole[settings], tuple(projects), others, values)


def split_project_blocks(text: str) -> tuple[str, list[tuple[str, str]]]:
    """A build file without its blocks for other projects, and those blocks with their targets.

    A target is the path of a project, ``allprojects`` or ``subprojects``.
    """
    rest, blocks, position = "", [], 0
    while match := _FOR_PROJECTS.search(text, position):
        end = _block_end(text, match.end())
        rest += text[position : match.start()]
        blocks.append((match[1] or match[2].strip(":"), text[match.end() : end]))
        position = end
    return rest + text[position:], blocks


def _block_end(text: str, start: int) -> int:
    """The position of the brace that closes the block."""
    depth = 1
    for brace in _BRACE.finditer(text, start):
        depth += 1 if brace[0] == "{" else -1
        if not depth:
            return brace.start()
    return len(text)


def _with_plugins(parts: list[Part], plugins: Mapping[str, Part]) -> list[Part]:
    """The parts, and those of the build's own plugins that they apply, directly or through another one.

    The package of a plugin's file is the first part of its id:
    https://docs.gradle.org/current/userguide/implementing_gradle_plugins_precompiled.html
    """
    found, left = list(parts), dict(plugins)
    for part in found:
        for name in sorted(part.plugins):
            found += [left.pop(plugin) for plugin in list(left) if f".{name}".endswith(f".{plugin}")]
    return found


def _project_folders(folder: Folder, settings: str) -> dict[str, str]:
    """The folder of each included project, by the project's path without the first colon."""
    moved = {match[1].strip(":"): _ROOT_DIR.sub("", match[2]) for match in _PROJECT_DIR.finditer(settings)}
    found: dict[str, str] = {}
    for name in (name for match in _INCLUDE.finditer(settings) for name in _STRING.findall(match[1])):
        path = name.strip(":")
        place = join("", moved.get(path, path.replace(":", "/")))
        if place and len(found) < _MAX_PROJECTS:
            found[path] = place
        elif not place:
            folder.notes.append(f"the project {path} is outside this folder, at {moved.get(path, path)}")
    return found


def _own_plugins(folder: Folder, settings: str) -> tuple[dict[str, str], list[str]]:
    """The files of the build's own plugins, by the plugins' ids, and the build files of those plugins."""
    builds = ("buildSrc", *(join("", match[1]) for match in _INCLUDED_BUILD.finditer(settings)))
    below = tuple(f"{build}/" for build in builds if build)
    files = [name for name in folder.files if name.endswith((".gradle", ".gradle.kts")) and name.startswith(below)]
    in_folders = [name for name in files if any(folder in name for folder in _PLUGIN_FOLDERS)]
    plugins = {name.rpartition("/")[2].removesuffix(".kts").removesuffix(".gradle"): name for name in in_folders}
    return plugins, [name for name in files if name.rpartition("/")[2] in ("build.gradle", "build.gradle.kts")]


def _build_file(folder: Folder, place: str, name: str) -> str:
    below = f"{place}/" if place else ""
    names = [f"{below}{file}{kind}" for file in ("build", name) if file for kind in (".gradle", ".gradle.kts")]
    return next((name for name in names if name in folder), "")
