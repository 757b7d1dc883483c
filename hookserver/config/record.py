"""Settings as they are remembered: every key, but a secret only as a digest that tells whether it has changed."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hookserver.config.load import repr_toml
from hookserver.config.schema import AppSettings, Settings
from hookserver.config.values import is_secret_name

HIDDEN = "••••••"
"""What a digest begins with."""


def record(settings: Settings, salt: str) -> dict[str, Any]:
    """The whole file as JSON can hold it; ``salt`` keeps a secret from being guessed by its digest."""
    sections = {name: getattr(settings, name).model_dump(mode="json") for name in ("server", "nginx", "docker")}
    return {**sections, "apps": {app.name: record_app(app, salt) for app in settings.apps.values()}}


def record_app(app: AppSettings, salt: str) -> dict[str, Any]:
    """One app's part, with what the files say that it names."""
    told = app.model_dump(mode="json")
    told["webhook_secret"] = _digest(app.webhook_secret.reveal(), salt)
    if password := urlsplit(app.repository).password:
        told["repository"] = app.repository.replace(f":{password}@", f":{_digest(password, salt)}@")
    for section in (told["build"], told["tomcat"]):
        section["env"] = {
            name: _digest(value, salt) if is_secret_name(name) else value for name, value in section["env"].items()
        }
    if app.tomcat.env_file:
        told["tomcat"]["env_file_content"] = _content(app.tomcat.env_file, salt)
    files = app.tomcat.files.items()
    told["tomcat"]["files_content"] = {
        place: _content(Path(file), salt) for place, file in files if Path(file).is_absolute()
    }
    return told


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
    return (
        f"{HIDDEN} {hmac.new(salt.encode(), text.encode('utf-8', 'surrogateescape'), hashlib.sha256).hexdigest()[:16]}"
    )
