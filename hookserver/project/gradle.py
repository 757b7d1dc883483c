"""Gradle projects. Their build files are programs, which are not run here: they are read as text."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from hookserver.project.findings import Build, Dependency, Evidence
from hookserver.project.folder import Folder
from hookserver.project.java import highest, java_level

_COMMENT = re.compile(r"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|/\*.*?(?:\*/|\Z)|//[^\n]*""", re.DOTALL)
_INCLUDE = re.compile(r"""^[ \t]*include\b\s*\(?\s*((?:["'][^"'\n]+["']\s*,?\s*)+)""", re.MULTILINE)
_STRING = re.compile(r"""["']([^"'\n]+)["']""")
_WAR_PLUGIN = re.compile(
    r"""\bid\s*\(?\s*["']war["']|"""
    r"""apply\s*\(?\s*plugin\s*[:=]\s*["']war["']|^[ \t]*`?war`?[ \t]*$|plugin\(["']war["']\)""",
    re.MULTILINE,
)
_BOOT = re.compile(r"""\bid\s*\(?\s*["']org\.springframework\.boot["']\)?\s*version\s*\(?["']([\w.-]+)["']""")
_LEVELS = (
    ("options.release", re.compile(r"""options\.release(?:\.set\(|\s*=)\s*["']?(\d+)""")),
    ("languageVersion", re.compile(r"JavaLanguageVersion\.of\(\s*[\"']?(\d+)")),
    ("jvmToolchain", re.compile(r"jvmToolchain\(\s*(\d+)")),
    ("targetCompatibility", re.compile(r"targetCompatibility\s*[=(]?\s*[\"']?(?:JavaVersion\.)?([\w.]+)")),
    ("sourceCompatibility", re.compile(r"sourceCompatibility\s*[=(]?\s*[\"']?(?:JavaVersion\.)?([\w.]+)")),
)
_DROPPED = re.compile(r"""(?:^|[{;])[ \t]*((?:testC|c)ompile|(?:testR|r)untime)[ \t]*[( ][ \t]*[\w"'(]""", re.MULTILINE)
_LAST_WITH_DROPPED = "6"
_TOOLCHAINS = ("languageVersion", "jvmToolchain")
_LIBRARY = re.compile(r"""^[ \t]*(\w+)\b[ \t(]+(?:\w+\()?["']([\w.-]+):([\w.-]+)(?::([^"'\n@]*))?["']""", re.MULTILINE)
_SCOPES = {"compileOnly": "provided", "providedCompile": "provided", "providedRuntime": "provided"}
_WRAPPER = "gradle/wrapper/gradle-wrapper.properties"
_WHOLE_WRAPPER = ("gradlew", _WRAPPER, "gradle/wrapper/gradle-wrapper.jar")
_DISTRIBUTION = re.compile(r"(?m)^distributionUrl[ \t]*=.*?gradle-(\d+(?:\.\d+)?)")
_CATALOGUE = "gradle/libs.versions.toml"


def look(folder: Folder) -> Build | None:
    """What the build files at the top and in the included projects say; None when there are none."""
    top = _build_file(folder, "")
    settings = next((name for name in ("settings.gradle", "settings.gradle.kts") if name in folder), "")
    if not top and not settings:
        return None
    settings_text = _plain(folder.text(settings))
    modules = [
        name.strip(":").replace(":", "/")
        for match in _INCLUDE.finditer(settings_text)
        for name in _STRING.findall(match[1])
    ]
    files = {
        name: _plain(folder.text(name)) for name in (top, *(_build_file(folder, module) for module in modules)) if name
    }
    wars = [name for name, text in files.items() if _WAR_PLUGIN.search(text)]
    named = re.search(r"""rootProject\.name\s*=\s*["']([^"'\n]+)""", settings_text)
    levels = [level for name, text in files.items() if (level := _java(name, text))]
    toolchains = [level for level in levels if level.where.startswith(_TOOLCHAINS)]
    return Build(
        kind="gradle",
        what=f"{wars[0]} applies the war plugin (read as text)" if wars else f"{top or settings} (read as text)",
        wars=tuple(_war(name, files[name]) for name in wars),
        name=Evidence(named[1], f"rootProject.name in {settings}") if named else None,
        wrapper="" if _missing(folder) else "./gradlew",
        modules=tuple(modules),
        dependencies=(
            *(found for name, text in files.items() for found in _dependencies(name, text)),
            *_catalogue(folder),
        ),
        java=highest(levels),
        builder_java=highest(toolchains)[0] if toolchains else None,
        builder_tool=_wrapped(folder) or _old_gradle(files),
        notes=tuple(_odd_ones(folder, wars)),
    )


def _build_file(folder: Folder, module: str) -> str:
    below = f"{module}/" if module else ""
    names = (f"{below}build.gradle", f"{below}build.gradle.kts", f"{below}{module.rpartition('/')[2]}.gradle.kts")
    return next((name for name in names if name in folder), "")


def _plain(text: str) -> str:
    return _COMMENT.sub(lambda match: match[1] or " ", text)


def _war(name: str, text: str) -> Evidence:
    block = re.search(r"\b(?:war|bootWar)\s*\{([^}]{0,2000})\}", text)
    named = re.search(
        r"""(?:archiveFileName|archiveName)\s*(?:\.set\(|=)?\s*["']([^"'$\n]+\.war)["']""", block[1] if block else ""
    )
    below = name.rpartition("/")[0]
    path = "/".join(part for part in (below, "build/libs", named[1] if named else "*.war") if part)
    return Evidence(path, f"{'archiveFileName' if named else 'the war plugin'} in {name}, read as text")


def _java(name: str, text: str) -> Evidence | None:
    for key, pattern in _LEVELS:
        match = pattern.search(text)
        if match and (level := java_level(match[1])):
            return Evidence(level, f"{key} in {name}, read as text")
    return None


def _dependencies(name: str, text: str) -> Iterator[Dependency]:
    boot = _BOOT.search(text)
    if boot:
        yield Dependency("org.springframework.boot", "spring-boot", boot[1], f"plugin in {name}", "import")
    for match in _LIBRARY.finditer(text):
        scope = "test" if match[1].startswith("test") else _SCOPES.get(match[1], "")
        version = match[4] or ""
        yield Dependency(match[2], match[3], version if "$" not in version else "", name, scope)


def _catalogue(folder: Folder) -> Iterator[Dependency]:
    """The version catalogue's libraries: used or not is not known, so they count as provided."""
    if _CATALOGUE not in folder:
        return
    try:
        told = tomllib.loads(folder.text(_CATALOGUE))
    except tomllib.TOMLDecodeError as error:
        folder.notes.append(f"{_CATALOGUE} is not TOML: {error}")
        return
    versions = _table(told, "versions")
    for library in _table(told, "libraries").values():
        if isinstance(library, str):
            library = dict(zip(("module", "version"), library.rsplit(":", 1), strict=False))
        if not isinstance(library, Mapping):
            continue
        module = str(library.get("module") or f"{library.get('group')}:{library.get('name')}")
        group, _, artifact = module.partition(":")
        version = library.get("version", "")
        if isinstance(version, Mapping):
            version = versions.get(str(version.get("ref")), "")
        yield Dependency(group, artifact, version if isinstance(version, str) else "", _CATALOGUE, "provided")


def _table(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = told.get(name)
    return found if isinstance(found, Mapping) else {}


def _wrapped(folder: Folder) -> Evidence | None:
    """The version that the project's own wrapper downloads."""
    match = _DISTRIBUTION.search(folder.text(_WRAPPER)) if "gradlew" in folder else None
    return Evidence(match[1], f"Gradle {match[1]}: {_WRAPPER}") if match else None


def _old_gradle(files: Mapping[str, str]) -> Evidence | None:
    """Configurations that Gradle 7 no longer knows."""
    for name, text in files.items():
        if match := _DROPPED.search(text):
            return Evidence(_LAST_WITH_DROPPED, f"`{match[1]}` in {name}, which Gradle 7 and newer refuse")
    return None


def _missing(folder: Folder) -> str:
    """What the project's own wrapper lacks."""
    return next((name for name in _WHOLE_WRAPPER if name not in folder), "")


def _odd_ones(folder: Folder, wars: list[str]) -> Iterator[str]:
    missing = _missing(folder)
    if "gradlew" in folder and missing:
        yield f"./gradlew is not used, since {missing} is missing: commit it, or the image's own Gradle builds"
    if not wars:
        yield "no build file applies the war plugin as far as its text tells, so the build may leave no WAR"
