"""Passwords inside texts: in addresses, in ``name=value`` options, and by the names of variables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

DOTS = "••••••"
"""Shown in the place of a secret."""

_NAME = re.compile(r"PASS|PWD|(?:^|_)PW(?:_|$)|SECRET|TOKEN|KEY|CREDENTIAL|CREDS", re.IGNORECASE)
_USER_INFO = re.compile(r"(https?://)([^/?#\s]+)(?=@)")
"""Git servers take a token as the user too, so the whole user part is hidden."""
_PASSWORDS = (
    re.compile(r"(\b(?!https?:)[a-z][a-z0-9+.-]*://[^/?#\s:@]*:)([^/?#\s]+)(?=@)"),
    re.compile(r"(:(?:thin|oci8?):[^/\s@]+/)([^\s@]+)(?=@)"),
    re.compile(r"((?:password|passwd|passphrase|pwd|secret|token|api[._-]?key)=)([^\s&;)\"']+)", re.IGNORECASE),
)
"""``ssh://git:password@host``, Oracle's ``thin:user/password@host``, ``jdbc:…?password=…``: group 2 is the password."""
_NO_PASSWORD = ("", "x-oauth-basic")
"""With one of these as the password, the user is a token, as in GitHub's ``https://TOKEN:x-oauth-basic@github.com``."""


def is_secret_name(name: str) -> bool:
    """Whether a variable's name, such as ``DB_PASSWORD``, promises a secret."""
    return bool(_NAME.search(name))


def masked(text: str) -> str:
    """Six dots in the place of a secret; an empty text stays empty."""
    return DOTS if text else ""


def hide(data: Any, mask: Callable[[str], str] = masked) -> Any:
    """JSON data with each password inside its texts replaced by ``mask``; of an http address the whole user part."""
    if isinstance(data, dict):
        return {key: hide(value, mask) for key, value in data.items()}
    if isinstance(data, list):
        return [hide(value, mask) for value in data]
    if isinstance(data, str):
        for pattern in (_USER_INFO, *_PASSWORDS):
            data = pattern.sub(lambda match: match[1] + mask(match[2]), data)
    return data


def secrets_in(text: str) -> Iterator[str]:
    """The passwords inside a text, each as it is written and decoded (``%40`` is ``@``)."""
    for match in _USER_INFO.finditer(text):
        user, _, password = match[2].partition(":")
        secret = user if password in _NO_PASSWORD else password
        yield from (secret, unquote(secret))
    for pattern in _PASSWORDS:
        for match in pattern.finditer(text):
            yield from (match[2], unquote(match[2]))


def without_user(address: str) -> str:
    """A repository's address without its user and password."""
    return re.sub(r"(?<=://)[^/?#\s]*@", "", address)
