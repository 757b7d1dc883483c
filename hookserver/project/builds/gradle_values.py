"""Reads the values of names in a Gradle build: properties, and the version catalog."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hookserver.project.builds.properties import expand, read_properties
from hookserver.project.findings import Dependency
from hookserver.project.folder import FILE_LIMIT, Folder

# https://docs.gradle.org/current/userguide/version_catalogs.html
CATALOG = "gradle/libs.versions.toml"
_VERSIONS = "libs.versions."
_MAX_VALUE = 100
_MAX_PASSES = 3
_VALUE = r"""(?:["']([^"'\n]{1,100})["']|(?:JavaVersion\.)?((?:VERSION_)?\d[\w.]{0,20}))"""
_ASSIGNED = re.compile(rf"\b(\w+)[ \t]*(?::[ \t]*\w+[ \t]*)?=[ \t]*{_VALUE}")
_SET = re.compile(rf"""\b(?:ext|extra|set)[ \t]*[\[(][ \t]*["']([\w.-]+)["'][ \t]*(?:\][ \t]*=|,)[ \t]*{_VALUE}""")
_BY_EXTRA = re.compile(rf"\b(\w+)[ \t]+by[ \t]+extra[ \t]*\([ \t]*{_VALUE}")
_IN_STRING = re.compile(r"\$\{([\w.]+)(?:\(\))?\}|\$(\w+)")
_BY_NAME = re.compile(
    r"""(\$\{)?(?:\b(?:project|rootProject|providers)\.)?\b(?:property|findProperty|gradleProperty)"""
    r"""\([ \t]*["']([\w.-]+)["'][ \t]*\)(?(1)\})"""
)
_FROM_CATALOG = re.compile(r"\blibs\.(versions\.|plugins\.)?([A-Za-z][\w.]*)")
_ALIAS = re.compile(r"\balias[ \t]*\(?[ \t]*(id\([^)\n]{1,200}\)(?: version \"[^\"\n]{0,100}\")?)[ \t]*\)?")
_OWNERS = re.compile(r"(?:(?:project|rootProject|ext|extra)\.)+")
_ENDINGS = re.compile(r"(?:\.(?:get|asProvider|toInteger|toInt))+$")


@dataclass(frozen=True)
class Values:
    """``versions``, ``libraries`` and ``plugins`` are those of the version catalog, by their names in build files."""

    properties: Mapping[str, str]
    versions: Mapping[str, str]
    libraries: Mapping[str, Dependency]
    plugins: Mapping[str, tuple[str, str]]

    def get(self, name: str) -> str:
        """The value of a name in a build file; empty if it is unknown."""
        name = _ENDINGS.sub("", name)
        if owner := _OWNERS.match(name):
            name = name[owner.end() :]
        return self.properties.get(name) or self.versions.get(name.removeprefix(_VERSIONS), "")

    def expand(self, text: str) -> str:
        """The text of a build file with the known values of its names."""
        text = expand(text, lambda name: self.get(name) or None, _IN_STRING, _MAX_PASSES, 2 * FILE_LIMIT)
        text = _BY_NAME.sub(self._by_name, text)
        return _ALIAS.sub(r"\1", _FROM_CATALOG.sub(self._from_catalog, text))

    def _by_name(self, match: re.Match[str]) -> str:
        value = self.get(match[2])
        return match[0] if not value else value if match[1] else f'"{value}"'

    def _from_catalog(self, match: re.Match[str]) -> str:
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
    """The values in ``gradle.properties``, build files and version catalog. The first value of a name counts."""
    properties = {
        key: value[:_MAX_VALUE]
        for key, value in read_properties(folder.text("gradle.properties"), ".properties").items()
    }
    for text in texts:
        for pattern in (_SET, _BY_EXTRA, _ASSIGNED):
            for match in pattern.finditer(text):
                properties.setdefault(match[1], match[2] or match[3])
    catalog = _catalog(folder)
    versions = {_accessor(name): _version(version, {}) for name, version in _table(catalog, "versions").items()}
    return Values(properties, versions, dict(_libraries(catalog, versions)), dict(_plugins(catalog, versions)))


def _catalog(folder: Folder) -> Mapping[str, Any]:
    if CATALOG not in folder:
        return {}
    try:
        return tomllib.loads(folder.text(CATALOG))
    except tomllib.TOMLDecodeError as error:
        folder.notes.append(f"{CATALOG} is not TOML: {error}")
        return {}


def _libraries(catalog: Mapping[str, Any], versions: Mapping[str, str]) -> Iterator[tuple[str, Dependency]]:
    for name, library in _table(catalog, "libraries").items():
        if isinstance(library, str):
            library = dict(zip(("module", "version"), library.rsplit(":", 1), strict=False))
        if isinstance(library, Mapping):
            module = str(library.get("module") or f"{library.get('group')}:{library.get('name')}")
            group, _, artifact = module.partition(":")
            version = _version(library.get("version"), versions)
            yield _accessor(name), Dependency(group, artifact, version, CATALOG, "provided")


def _plugins(catalog: Mapping[str, Any], versions: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, str]]]:
    for name, plugin in _table(catalog, "plugins").items():
        if isinstance(plugin, str):
            plugin = dict(zip(("id", "version"), plugin.split(":", 1), strict=False))
        if isinstance(plugin, Mapping):
            yield _accessor(name), (str(plugin.get("id")), _version(plugin.get("version"), versions))


def _version(value: Any, versions: Mapping[str, str]) -> str:
    """A plain version, a reference, or a rich version (strictly, require, prefer)."""
    if isinstance(value, Mapping):
        rich = next((value[key] for key in ("strictly", "require", "prefer") if key in value), "")
        value = versions.get(_accessor(str(value["ref"])), "") if "ref" in value else rich
    return value[:_MAX_VALUE] if isinstance(value, str) else ""


def _accessor(name: str) -> str:
    return re.sub(r"[-_]", ".", name)


def _table(catalog: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = catalog.get(name)
    return found if isinstance(found, Mapping) else {}
