"""Nginx's own syntax: quoting, names, times, sizes, blocks. Every value that people wrote goes through here."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hookserver.config.units import format_duration, format_size
from hookserver.errors import NginxError


def quote(text: str) -> str:
    """``text`` as one literal Nginx parameter.

    Raises NginxError for control characters and for a ``$``: Nginx has no way to escape it.
    """
    if "$" in text or any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise NginxError(
            f"{text!r} cannot be written to an Nginx configuration",
            'Choose a name without "$" and control characters.',
        )
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def path(*parts: object, variable: str = "") -> str:
    """A path as one Nginx parameter; its last part can be a ``variable``, such as ``$hs_request_id``.

    Raises NginxError as ``quote`` does.
    """
    return f'{quote("/".join(map(str, parts)))[:-1]}{f"/{variable}" if variable else ""}"'


def name(app: str, what: str) -> str:
    """The name of an app's upstream or variable, such as ``hs_my_shop_green``.

    Two apps never share one: an app's name has no underscore. Raises NginxError when it is no app's name.
    """
    return f"hs_{_checked(app).replace('-', '_')}_{what}"


def named_location(app: str, what: str) -> str:
    """A location of the app's that only Nginx itself leads to, such as ``@hs-shop-upload``.

    Raises NginxError when ``app`` is no app's name.
    """
    return f"@hs-{_checked(app)}-{what}"


def _checked(app: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]+", app):
        raise NginxError(
            f"{app!r} cannot be written to an Nginx configuration",
            "Name the app in lower-case letters, digits and dashes.",
        )
    return app


def time(seconds: float) -> str:
    """Seconds as an Nginx time, such as ``1h``: https://nginx.org/en/docs/syntax.html"""
    return format_duration(round(seconds * 1000) / 1000)


def size(amount: int) -> str:
    """Bytes as an Nginx size, such as ``100m``; ``client_max_body_size`` knows k, m and g."""
    text = format_size(amount)
    return f"{amount >> 30}g" if text.endswith("t") else text


def block(head: str, lines: Iterable[str], comment: str = "") -> list[str]:
    """``head { … }`` with its lines indented, below its comment."""
    return [*commented(comment), f"{head} {{", *(f"    {line}" if line else "" for line in lines), "}"]


def table(head: str, lines: Iterable[str], comment: str = "") -> list[str]:
    """A ``map`` or ``geo`` of ``head``, with an empty line before it."""
    return ["", *block(head, lines, comment)]


def commented(comment: str) -> list[str]:
    """The lines of ``comment``, each as an Nginx comment."""
    return [f"# {line}" for line in comment.splitlines()]
