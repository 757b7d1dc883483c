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

# The default place of a version catalog: https://docs.gradle.org/current/userguide/version_catalogs.html
CATALOG = "gradle/libs.versions.toml"
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
_FROM_CATALOG = re.compile(r"\blibs\.([A-Za-z][\w.]*)")
_ALIAS = re.compile(r"\balias[ \t]*+\(?[ \t]*(id\([^)\n]{1,200}\) version \"[^\"\n]{0,100}\")[ \t]*\)?")
_OWNERS = re.compile(r"^(?:(?:project|rootProject|ext|extra)\.)+")
_ENDINGS = re.compile(r"(?:\.(?:get|asProvider|toInteger|toInt))+$")


@dataclass(frozen=True)
class Values:
    """``properties`` are values by name. ``catalog`` is the text for each name below ``libs`` of the version catalog,
    ``libraries`` are the libraries in it.
    """

    properties: Mapping[str, str]
    catalog: Mapping[str, str]
    libraries: tuple[Dependency, ...]

    def get(self, name: str) -> str:
        """The value of a name in a build file; empty if it is unknown."""
        return self.properties.get(_OWNERS.sub("", _ENDINGS.sub("", name)), "")

    def expand(self, text: str) -> str:
        """The text of a build file with the known values of its names."""
        text = expand(text, lambda name: self.get(name) or None, _IN_STRING, _MAX_PASSES, 2 * FILE_LIMIT)
        text = _BY_NAME.sub(lambda match: self.get(match[2]) or match[0], text)
        text = _FROM_CATALOG.sub(lambda match: self.catalog.get(_ENDINGS.sub("", match[1]), match[0]), text)
        return _ALIAS.sub(r"\1", text)


def read_values(folder: Folder, texts: Iterable[str]) -> Values:
    """The values in ``gradle.properties``, build files and version catalog. The first value of a name counts."""
    file = read_properties(folder.text("gradle.properties"), ".properties")
    properties = {key: value[:_MAX_VALUE] for key, value in file.items()}
    for text in texts:
        for pattern in (_SET, _BY_EXTRA, _ASSIGNED):
            for match in pattern.finditer(text):
                properties.setdefault(match[1], match[2] or match[3])
    tables = _catalog(folder)
    versions = {name: _version(entry, {}) for name, entry in _entries(tables, "versions", "require")}
    libraries = dict(_libraries(tables, versions))
    catalog = {f"versions.{name}": f'"{version}"' for name, version in versions.items()}
    catalog |= {f"plugins.{name}": text for name, text in _plugins(tables, versions)}
    catalog |= {name: f'"{library.group}:{library.artifact}:{library.version}"' for name, library in libraries.items()}
    properties |= {f"libs.versions.{name}": version for name, version in versions.items()}
    return Values(properties, catalog, tuple(libraries.values()))


def _catalog(folder: Folder) -> Mapping[str, Any]:
    try:
        return tomllib.loads(folder.text(CATALOG))
    except tomllib.TOMLDecodeError as error:
        folder.notes.append(f"{CATALOG} is not TOML: {error}")
        return {}


def _dotted(name: str) -> str:
    """The name of an entry in build files."""
    return re.sub(r"[-_]", ".", name)


def _entries(tables: Mapping[str, Any], table: str, key: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each entry of a table, by its name in build files. An entry can be one string, ``key:version``."""
    entries = tables.get(table)
    for name, entry in entries.items() if isinstance(entries, Mapping) else ():
        if isinstance(entry, str):
            entry = dict(zip((key, "version"), entry.rsplit(":", 1), strict=False))
        if isinstance(entry, Mapping):
            yield _dotted(name), entry


def _libraries(tables: Mapping[str, Any], versions: Mapping[str, str]) -> Iterator[tuple[str, Dependency]]:
    for name, library in _entries(tables, "libraries", "module"):
        module = str(library.get("module") or f"{library.get('group')}:{library.get('name')}")
        group, _, artifact = module.partition(":")
        yield name, Dependency(group, artifact, _version(library.get("version"), versions), CATALOG, "provided")


def _plugins(tables: Mapping[str, Any], versions: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, plugin in _entries(tables, "plugins", "id"):
        version = _version(plugin.get("version"), versions)
        yield name, f'id("{plugin.get("id")}") version "{version}"'


def _version(value: Any, versions: Mapping[str, str]) -> str:
    """A plain version, a reference, or a rich version. A plain one in ``versions`` is one to require."""
    if isinstance(value, Mapping):
        rich = next((value[key] for key in ("strictly", "require", "prefer") if key in value), "")
        value = versions.get(_dotted(str(value["ref"])), "") if "ref" in value else rich
    return value[:_MAX_VALUE] if isinstance(value, str) else ""
