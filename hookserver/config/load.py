"""Find, read and check a settings file."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from hookserver.config.conflicts import Place, conflicts
from hookserver.config.mistakes import explained
from hookserver.config.paths import BASE
from hookserver.config.schema import Settings
from hookserver.config.secrets import secret_keys
from hookserver.errors import SettingsError


@dataclass(frozen=True)
class Loaded:
    """Settings, the file that they come from, and what that file itself says."""

    settings: Settings
    path: Path
    given: Mapping[str, Any] = field(repr=False)

    def effective(self) -> list[tuple[str, str, str]]:
        """Every key as (path, value as TOML with secrets masked, source: a file or ``default``)."""
        rows = [row for row in _rows(self.settings, self.settings.shown()) if not row[0].endswith(".name")]
        return [(path, repr_toml(value), self._source(path, is_secret)) for path, value, is_secret in rows]

    def _source(self, path: str, is_secret: bool) -> str:
        keys = path.split(".")
        given: Any = self.given
        for key in keys[:-1]:
            given = given.get(key, {}) if isinstance(given, Mapping) else {}
        if not isinstance(given, Mapping):
            return "default"
        if is_secret and f"{keys[-1]}_file" in given:
            return str(given[f"{keys[-1]}_file"])
        return str(self.path) if keys[-1] in given else "default"


def find(explicit: str | None = None, environ: Mapping[str, str] = os.environ) -> Path:
    """The settings file: ``--config``, ``$HOOKSERVER_CONFIG``, ``./hookserver.toml``, ``/etc/hookserver/…``.

    One of the current folder, which may be a clone of somebody's repository, must be the caller's or root's own. It
    names commands that hookserver runs. Raises SettingsError when there is none, or when others may write that one.
    """
    named = explicit or environ.get("HOOKSERVER_CONFIG")
    here = Path("hookserver.toml")
    candidates = [Path(named)] if named else [here, Path("/etc/hookserver/hookserver.toml")]
    for candidate in candidates:
        if candidate.is_file():
            if not named and candidate == here and (mistake := _written_by_others(candidate)):
                raise SettingsError(str(candidate.absolute()), [mistake])
            return candidate.absolute()
    places = ", ".join(str(candidate) for candidate in candidates)
    raise SettingsError("no settings", [f"no settings file at {places}: write one with `hookserver init`"])


def _written_by_others(file: Path) -> str:
    """The mistake of a file that somebody else than the caller and root owns or may write; empty when nobody does."""
    found = file.stat()
    if found.st_uid not in (0, os.geteuid()):
        return "belongs to another user, so it is not taken from the current folder; to use it, name it with --config"
    if found.st_mode & 0o022:
        return f"can be written by others, so it is not taken from the current folder; run: chmod go-w {file}"
    return ""


def load(path: Path) -> Loaded:
    """Read and check the file. Raises SettingsError with every mistake."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(str(path), [f"cannot be read: {error}"]) from error
    return parse(text, path)


def parse(text: str, path: Path) -> Loaded:
    """Check settings given as text. ``path`` is their name in messages; relative paths count from its folder.

    Raises SettingsError with every mistake.
    """
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(str(path), [f"is not TOML: {error}"]) from error
    mistakes: list[str] = []
    base = path.absolute().parent.resolve()
    settings, wrong = None, list[Place]()
    try:
        settings = Settings.model_validate(given, context={BASE: base})
    except ValidationError as error:
        mistakes += explained(error.errors())
        wrong = [detail["loc"] for detail in error.errors()]
    mistakes += conflicts(given, wrong)
    if mistakes or settings is None:
        raise SettingsError(str(path), mistakes)
    return Loaded(settings, path, given)


def repr_toml(value: Any) -> str:
    """A value as it is written in the settings file."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(repr_toml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}" = {repr_toml(item)}' for key, item in value.items()) + "}"
    return f'"{value or ""}"' if isinstance(value, str) or value is None else str(value)


def _rows(section: BaseModel, shown: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any, bool]]:
    """Every key at any depth with its value in ``shown``, and whether it is a secret."""
    secret = secret_keys(type(section))
    for key, value in section:
        tables = value if isinstance(value, Mapping) else {}
        if isinstance(value, BaseModel):
            yield from _rows(value, shown[key], f"{prefix}{key}.")
        elif key == "apps":
            for name, table in tables.items():
                yield from _rows(table, shown[key][name], f"{prefix}{key}.{name}.")
        else:
            yield f"{prefix}{key}", shown[key], key in secret
