"""What a Gradle build's names stand for: properties, and the version catalogue's versions, libraries and plugins."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hookserver.project.builds.properties import read_properties
from hookserver.project.findings import Dependency
from hookserver.project.folder import FILE_LIMIT, Folder

CATALOGUE = "gradle/libs.versions.toml"
_VERSIONS = "libs.versions."
_LONGEST = 100
_PASSES = 3
_VALUE = r"""(?:["']([^"'\n]{1,100})["']|(?:JavaVersion\.)?((?:VERSION_)?\d[\w.]{0,20}))"""
_ASSIGNED = re.compile(rf"\b(\w+)[ \t]*(?::[ \t]*\w+[ \t]*)?=[ \t]*{_VALUE}")
_SET = re.compile(rf"""\b(?:ext|extra|set)[ \t]*[\[(][ \t]*["']([\w.-]+)["'][ \t]*(?:\][ \t]*=|,)[ \t]*{_VALUE}""")
_BY_EXTRA = re.compile(rf"\b(\w+)[ \t]+by[ \t]+extra[ \t]*\([ \t]*{_VALUE}")
_IN_STRING = re.compile(r"\$\{([\w.]+)(?:\(\))?\}|\$(\w+)")
_BY_NAME = re.compile(
    r"""(\$\{)?(?:\b(?:project|rootProject|providers)\.)?\b(?:property|findProperty|gradleProperty)"""
    r"""\([ \t]*["']([\w.-]+)["'][ \t]*\)(?(1)\})"""
)
_OF_CATALOGUE = re.compile(r"\blibs\.(versions\.|plugins\.)?([A-Za-z][\w.]*)")
_ALIAS = re.compile(r"\balias[ \t]*\(?[ \t]*(id\([^)\n]{1,200}\)(?: version \"[^\"\n]{0,100}\")?)[ \t]*\)?")
_OWNERS = re.compile(r"(?:(?:project|rootProject|ext|extra)\.)+")
_ENDINGS = re.compile(r"(?:\.(?:get|asProvider|toInteger|toInt))+$")


@dataclass(frozen=True)
class Values:
    """``libraries`` and ``plugins`` are the catalogue's, by the names that build files use for them."""

    properties: Mapping[str, str]
    versions: Mapping[str, str]
    libraries: Mapping[str, Dependency]
    plugins: Mapping[str, tuple[str, str]]

    def get(self, name: str) -> str:
        """What a name in a build file stands for; empty when nobody knows."""
        name = _ENDINGS.sub("", name)
        if owner := _OWNERS.match(name):
            name = name[owner.end() :]
        return self.properties.get(name) or self.versions.get(name.removeprefix(_VERSIONS), "")

    def expand(self, text: str) -> str:
        """A build file's text with what its names stand for, as far as it is known."""
        for _ in range(_PASSES):
            fresh = _IN_STRING.sub(lambda match: self.get(match[1] or match[2]) or match[0], text)[: 2 * FILE_LIMIT]
            if fresh == text:
                break
            text = fresh
        text = _BY_NAME.sub(self._by_name, text)
        return _ALIAS.sub(r"\1", _OF_CATALOGUE.sub(self._of_catalogue, text))

    def _by_name(self, match: re.Match[str]) -> str:
        value = self.get(match[2])
        return match[0] if not value else value if match[1] else f'"{value}"'

    def _of_catalogue(self, match: re.Match[str]) -> str:
        name = _ENDINGS.sub("", match[2])
        if match[1] == "plugins." and name in self.plugins:
            plugin, version = self.plugins[name]
            return f'id("{plugin}")' + (f' version "{version}"' if version else "")
        if match[1] == "versions." and name in self.versions:
            return f'"{self.versions[name]}"'
        if not match[1] and name in self.libraries:
            library = self.libraries[name]
            return '"' + ":".join(part for part in (library.group, library.artifact, library.version) if part) + '"'
        return match[0]


def read_values(folder: Folder, texts: Iterable[str]) -> Values:
    """From ``gradle.properties``, the build files' own texts, and the version catalogue. The first value counts."""
    properties = {
        key: value[:_LONGEST] for key, value in read_properties(folder.text("gradle.properties"), ".properties").items()
    }
    for text in texts:
        for pattern in (_SET, _BY_EXTRA, _ASSIGNED):
            for match in pattern.finditer(text):
                properties.setdefault(match[1], match[2] or match[3])
    told = _catalogue(folder)
    versions = {_accessor(name): _version(version, {}) for name, version in _table(told, "versions").items()}
    return Values(properties, versions, dict(_libraries(told, versions)), dict(_plugins(told, versions)))


def _catalogue(folder: Folder) -> Mapping[str, Any]:
    if CATALOGUE not in folder:
        return {}
    try:
        return tomllib.loads(folder.text(CATALOGUE))
    except tomllib.TOMLDecodeError as error:
        folder.notes.append(f"{CATALOGUE} is not TOML: {error}")
        return {}


def _libraries(told: Mapping[str, Any], versions: Mapping[str, str]) -> Iterator[tuple[str, Dependency]]:
    for name, library in _table(told, "libraries").items():
        if isinstance(library, str):
            library = dict(zip(("module", "version"), library.rsplit(":", 1), strict=False))
        if isinstance(library, Mapping):
            module = str(library.get("module") or f"{library.get('group')}:{library.get('name')}")
            group, _, artifact = module.partition(":")
            version = _version(library.get("version"), versions)
            yield _accessor(name), Dependency(group, artifact, version, CATALOGUE, "provided")


def _plugins(told: Mapping[str, Any], versions: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, str]]]:
    for name, plugin in _table(told, "plugins").items():
        if isinstance(plugin, str):
            plugin = dict(zip(("id", "version"), plugin.split(":", 1), strict=False))
        if isinstance(plugin, Mapping):
            yield _accessor(name), (str(plugin.get("id")), _version(plugin.get("version"), versions))


def _version(said: Any, versions: Mapping[str, str]) -> str:
    """A version as it is written, by reference, or as a rich one."""
    if isinstance(said, Mapping):
        rich = next((said[key] for key in ("strictly", "require", "prefer") if key in said), "")
        said = versions.get(_accessor(str(said["ref"])), "") if "ref" in said else rich
    return said[:_LONGEST] if isinstance(said, str) else ""


def _accessor(name: str) -> str:
    return re.sub(r"[-_]", ".", name)


def _table(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = told.get(name)
    return found if isinstance(found, Mapping) else {}
