"""Nginx's own syntax: quoting, names, times, blocks. Every value that people wrote goes through here."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hookserver.errors import NginxError


def quote(text: str) -> str:
    """``text`` as one literal Nginx parameter.

    Raises NginxError for a ``$`` (Nginx has no way to escape it) and for control characters.
    """
    if "$" in text or any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise NginxError(f"{text!r} cannot stand in an Nginx file", 'Choose a name without "$" and control characters.')
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def name(app: str, what: str) -> str:
    """The name of an app's upstream or variable, such as ``hs_my_shop_green``.

    Two apps never share one: an app's name has no underscore, and neither has ``what``.
    """
    if not re.fullmatch(r"[a-z0-9-]+", app):
        raise NginxError(
            f"{app!r} cannot stand in an Nginx file", "Name the app in lower-case letters, digits, dashes."
        )
    return f"hs_{app.replace('-', '_')}_{what}"


def milliseconds(seconds: float) -> str:
    """Seconds as an Nginx time."""
    return f"{round(seconds * 1000)}ms"


def block(head: str, lines: Iterable[str]) -> list[str]:
    """``head { … }`` with its lines indented."""
    return [f"{head} {{", *(f"    {line}" if line else "" for line in lines), "}"]
