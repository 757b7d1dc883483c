"""Writes the lines of a settings file: a key, its value, and the reason for the value."""

from __future__ import annotations

import json
import textwrap

WIDTH = 118
_COLUMN = 40
_MAX_LENGTH = 800


def comment(text: str) -> str:
    """A wrapped comment. The second line of a list item is indented."""
    indent = "  " if text.startswith("- ") else ""
    plain = one_line(text)
    lines = textwrap.wrap(plain, WIDTH - 2, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return "\n".join(f"# {line}" for line in lines)


def entry(key: str, value: str | int | list[str], why: str = "") -> str:
    """``key = value`` with the reason behind it, or above it if it is long."""
    pair = f"{key} = {json.dumps(value, ensure_ascii=False)}"
    line = f"{pair:{_COLUMN}} # {one_line(why)}"
    if not why:
        return pair
    return line if len(line) <= WIDTH else f"{comment(why)}\n{pair}"


def commented(key: str, value: str, why: str) -> str:
    """A key that is commented out, with its purpose; ``value`` is TOML."""
    return f"# {f'{key} = {value}':{_COLUMN - 2}} # {one_line(why)}"


def one_line(text: str) -> str:
    """The text in one line, at most 800 characters, without characters that a terminal or TOML refuses."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.split()))
    return plain if len(plain) <= _MAX_LENGTH else f"{plain[:_MAX_LENGTH]}…"
