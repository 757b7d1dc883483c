"""Settings as they are remembered: every key, but a secret only as a digest that tells whether it has changed."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from hookserver.config.load import repr_toml
from hookserver.config.schema import AppSettings, Settings
from hookserver.config.secrets import hide, is_secret_name

HIDDEN = "••••••"
"""What a digest begins with."""


def record(settings: Settings, salt: str) -> dict[str, Any]:
    """The whole file as JSON can hold it; ``salt`` keeps a secret from being guessed by its digest."""
    sections = {name: getattr(settings, name).model_dump(mode="json") for name in ("server", "nginx", "docker")}
    return {
        **hide(sections, partial(_digest, salt=salt)),
        "apps": {app.name: record_app(app, salt) for app in settings.apps.values()},
    }


def record_app(app: AppSettings, salt: str) -> dict[str, Any]:
    """One app's part, with what the files say that it names."""
    told: dict[str, Any] = hide(app.model_dump(mode="json"), partial(_digest, salt=salt))
    told["webhook_secret"] = _digest(app.webhook_secret.reveal(), salt)
    for section, env in (("build", app.build.env), ("tomcat", app.tomcat.env)):
        secret = {name: _digest(value, salt) for name, value in env.items() if is_secret_name(name)}
        told[section]["env"].update(secret)
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
