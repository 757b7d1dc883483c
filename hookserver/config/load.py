"""Find, read and check a settings file."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hookserver.config.conflicts import Place, conflicts
from hookserver.config.mistakes import SECRET_KEYS, explained
from hookserver.config.schema import Settings
from hookserver.config.secrets import hide, is_secret_name, masked
from hookserver.config.values import BASE
from hookserver.errors import SettingsError


@dataclass(frozen=True)
class Loaded:
    """Settings with the file they came from and what that file said itself."""

    settings: Settings
    path: Path
    given: Mapping[str, Any]

    def effective(self) -> list[tuple[str, str, str]]:
        """Every key as (path, value with secrets masked, where it comes from)."""
        shown = self.settings.model_dump(mode="json")
        rows = [(path, value) for path, value in _flatten(shown) if not path.endswith(".name")]
        return [(path, repr_toml(_masked(path, value)), self._source(path)) for path, value in rows]

    def _source(self, path: str) -> str:
        keys = path.split(".")
        given: Any = self.given
        for key in keys[:-1]:
            given = given.get(key, {}) if isinstance(given, Mapping) else {}
        if not isinstance(given, Mapping):
            return "default"
        if f"{keys[-1]}_file" in given:
            return str(given[f"{keys[-1]}_file"])
        return str(self.path) if keys[-1] in given else "default"


def find(explicit: str | None = None, environ: Mapping[str, str] = os.environ) -> Path:
    """The settings file: ``--config``, ``$HOOKSERVER_CONFIG``, ``./hookserver.toml``, ``/etc/hookserver/…``.

    Raises SettingsError when there is none.
    """
    named = explicit or environ.get("HOOKSERVER_CONFIG")
    candidates = [Path(named)] if named else [Path("hookserver.toml"), Path("/etc/hookserver/hookserver.toml")]
    for candidate in candidates:
        if candidate.is_file():
            return candidate.absolute()
    looked = ", ".join(str(candidate) for candidate in candidates)
    raise SettingsError("no settings", [f"no settings file at {looked}: write one with `hookserver init`"])


def load(path: Path) -> Loaded:
    """Read and check the file. Raises SettingsError with every mistake."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(str(path), [f"cannot be read: {error}"]) from error
    return parse(text, path)


def parse(text: str, path: Path) -> Loaded:
    """Check settings given as text; ``path`` is their name in messages, and relative paths count from its folder."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(str(path), [f"is not TOML: {error}"]) from error
    mistakes: list[str] = []
    base = path.absolute().parent.resolve()
    data = _with_secrets_read(given, base, mistakes)
    settings, wrong = None, list[Place]()
    try:
        settings = Settings.model_validate(data, context={BASE: base})
    except ValidationError as error:
        mistakes += explained(error.errors())
        wrong = [detail["loc"] for detail in error.errors()]
    mistakes += conflicts(data, wrong)
    if mistakes or settings is None:
        raise SettingsError(str(path), mistakes)
    return Loaded(settings, path, given)


def repr_toml(value: Any) -> str:
    """A value as the settings file would say it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(repr_toml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}" = {repr_toml(item)}' for key, item in value.items()) + "}"
    return f'"{value or ""}"' if isinstance(value, str) or value is None else str(value)


def _masked(path: str, value: Any) -> Any:
    """Without the passwords in it, and the values of variables whose names promise a secret."""
    if path.endswith(".env"):
        value = {name: masked(text) if is_secret_name(name) else text for name, text in value.items()}
    return hide(value)


def _with_secrets_read(given: Mapping[str, Any], base: Path, mistakes: list[str]) -> dict[str, Any]:
    apps = given.get("apps")
    if not isinstance(apps, Mapping):
        return dict(given)
    tables = {name: app for name, app in apps.items() if isinstance(app, Mapping)}
    read = {name: _read_secrets(name, app, base, mistakes) for name, app in tables.items()}
    return {**given, "apps": {**apps, **read}}


def _read_secrets(name: str, app: Mapping[str, Any], base: Path, mistakes: list[str]) -> dict[str, Any]:
    read = dict(app)
    for key in SECRET_KEYS:
        file = read.pop(f"{key}_file", None)
        if file is None:
            continue
        where = f"apps.{name}.{key}_file"
        if key in read:
            mistakes.append(f"{where}: {key} is given too; keep one of them")
            continue
        try:
            read[key] = (base / str(file)).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            mistakes.append(f"{where}: cannot be read: {error}")
            continue
        if not read[key]:
            mistakes.append(f"{where}: {file} is empty")
    return read


def _flatten(data: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for key, value in data.items():
        if isinstance(value, Mapping) and key not in ("env", "env_files", "hosts", "files"):
            rows += _flatten(value, f"{prefix}{key}.")
        else:
            rows.append((f"{prefix}{key}", value))
    return rows
