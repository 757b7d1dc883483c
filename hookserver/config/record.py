"""Settings as they are recorded: every key, but a secret only as a digest that shows whether it has changed."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from hookserver.config.app_schema import AppSettings
from hookserver.config.load import repr_toml
from hookserver.config.passwords import DOTS
from hookserver.config.schema import Settings
from hookserver.config.secrets import Section
from hookserver.config.walk import files_of

HIDDEN = DOTS
"""The start of a secret's digest."""


def record(settings: Settings, salt: str) -> dict[str, Any]:
    """The whole file as JSON data; ``salt`` keeps anybody from guessing a secret by its digest."""
    digest = partial(_digest, salt=salt)
    sections = {key: section.shown(digest) for key, section in settings if isinstance(section, Section)}
    return {**sections, "apps": {app.name: record_app(app, salt) for app in settings.apps.values()}}


def record_app(app: AppSettings, salt: str) -> dict[str, Any]:
    """One app's settings, with a digest of each file of this machine that its containers get."""
    recorded = app.shown(partial(_digest, salt=salt))
    for (name, *place), file in files_of(app.tomcat):
        table = recorded["tomcat"]
        *outer, last = (f"{name}_content", *place)
        for key in outer:
            table = table.setdefault(key, {})
        table[last] = _content(file, salt)
    return recorded


def flat(recorded: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """``{"tomcat": {"memory": "1g"}}`` → ``{"tomcat.memory": '"1g"'}``: each key's path with its value as TOML."""
    rows: dict[str, str] = {}
    for key, value in recorded.items():
        if isinstance(value, Mapping):
            rows |= flat(value, f"{prefix}{key}.")
        else:
            rows[f"{prefix}{key}"] = repr_toml(value)
    return rows


def _content(file: Path, salt: str) -> str:
    try:
        return _digest(file.read_bytes().decode("utf-8", "surrogateescape"), salt)
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def _digest(text: str, salt: str) -> str:
    if not text:
        return ""
    digest = hmac.new(salt.encode(), text.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()
    return f"{HIDDEN} {digest[:16]}"
