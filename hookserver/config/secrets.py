"""What in the settings must not be read: whole values, and passwords inside addresses and other texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from hookserver.config.schema import AppSettings
from hookserver.models import Secret

_NAME = re.compile(r"PASS|PWD|(?:^|_)PW(?:_|$)|SECRET|TOKEN|KEY|CREDENTIAL|CREDS", re.IGNORECASE)
_USER_INFO = re.compile(r"(https?://)([^/?#\s]+)(?=@)")
"""A server of git takes a token as the user too, so no part of it may be read."""
_PASSWORDS = (
    re.compile(r"(\b(?!https?:)[a-z][a-z0-9+.-]*://[^/?#\s:@]*:)([^/?#\s]+)(?=@)"),
    re.compile(r"(:(?:thin|oci8?):[^/\s@]+/)([^\s@]+)(?=@)"),
    re.compile(r"((?:password|passwd|passphrase|pwd|secret|token|api[._-]?key)=)([^\s&;)\"']+)", re.IGNORECASE),
)
"""``ssh://git:password@host``, Oracle's ``thin:user/password@host``, ``jdbc:…?password=…``: what is left, what goes."""
_NO_PASSWORD = ("", "x-oauth-basic")
"""With these for a password, the user is a token."""


def is_secret_name(name: str) -> bool:
    """Whether a variable's name promises a secret."""
    return bool(_NAME.search(name))


def masked(text: str) -> str:
    """Six dots in the place of a secret."""
    return str(Secret(text))


def hide(data: Any, mask: Callable[[str], str] = masked) -> Any:
    """JSON with each password inside its texts as ``mask`` puts it; of an http address the whole user part."""
    if isinstance(data, dict):
        return {key: hide(value, mask) for key, value in data.items()}
    if isinstance(data, list):
        return [hide(value, mask) for value in data]
    if isinstance(data, str):
        for pattern in (_USER_INFO, *_PASSWORDS):
            data = pattern.sub(lambda found: found[1] + mask(found[2]), data)
    return data


def secrets_in(text: str) -> Iterator[str]:
    """The passwords inside a text, as they stand there and as they are meant (``%40`` is ``@``)."""
    for found in _USER_INFO.finditer(text):
        user, _, password = found[2].partition(":")
        secret = user if password in _NO_PASSWORD else password
        yield from (secret, unquote(secret))
    for pattern in _PASSWORDS:
        for found in pattern.finditer(text):
            yield from (found[2], unquote(found[2]))


def without_user(address: str) -> str:
    """A repository's address that may be told to everybody."""
    return re.sub(r"(?<=://)[^/?#\s]*@", "", address)


def secrets_of(app: AppSettings) -> list[str]:
    """All that must not be read in a log: in the app's settings, and in the files that they name, as far as they are
    there: who needs one says what is wrong with it."""
    files = [_text(file) for file in app.build.env_files.values()]
    lines = _text(app.tomcat.env_file).splitlines() if app.tomcat.env_file else []
    given = [(name.strip(), value) for name, _, value in (line.partition("=") for line in lines)]
    variables = [*app.build.env.items(), *app.tomcat.env.items(), *given]
    named = [value for name, value in variables if is_secret_name(name)]
    inside = [secret for text in (*_texts(app.model_dump(mode="json")), *lines) for secret in secrets_in(text)]
    return [app.webhook_secret.reveal(), *files, *named, *inside]


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict | list):
        for value in data.values() if isinstance(data, dict) else data:
            yield from _texts(value)


def _text(file: Path) -> str:
    with suppress(OSError, UnicodeDecodeError):
        return file.read_text(encoding="utf-8").strip()
    return ""
