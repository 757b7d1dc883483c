"""Text of a settings file: keys with the reason they have their value, in lines that fit."""

from __future__ import annotations

import json
import textwrap

WIDTH = 118
_COLUMN = 40
_LONGEST = 800


def comment(text: str) -> str:
    """A comment of as many lines as it needs; those of a point in a list are indented."""
    indent = "  " if text.startswith("- ") else ""
    plain = one_line(text)
    lines = textwrap.wrap(plain, WIDTH - 2, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return "\n".join(f"# {line}" for line in lines)


def entry(key: str, value: str | int | list[str], why: str = "") -> str:
    """``key = value``, with the reason beside it when it fits, else above it."""
    said = f"{key} = {json.dumps(value, ensure_ascii=False)}"
    beside = f"{said:{_COLUMN}} # {one_line(why)}"
    if not why:
        return said
    return beside if len(beside) <= WIDTH else f"{comment(why)}\n{said}"


def commented(key: str, value: str, why: str) -> str:
    """A key that is not set, for a person to take up; ``value`` is TOML."""
    return f"# {f'{key} = {value}':{_COLUMN - 2}} # {one_line(why)}"


def one_line(text: str) -> str:
    """Text from a project, without what a terminal or TOML would not take."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.split()))
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}…"
