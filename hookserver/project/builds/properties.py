"""Reads ``.properties`` and simple ``.yml`` files, and expands ``${…}`` references."""

from __future__ import annotations

import re
from collections.abc import Callable

_MAX_LINE = 2000
_MAX_VALUE = 500
_MAX_PASSES = 10
_YAML = re.compile(r"(?P<indent> *)(?P<key>[\w.-]+) *:(?: (?P<value>.*))?$")
_PROPERTY = re.compile(r"\s*([^#!\s=:][^\s=:]*)\s*[=:](.*)$")
_REFERENCE = re.compile(r"\$\{([^}]+)\}")


def read_properties(text: str, name: str) -> dict[str, str]:
    """Key → value, the first value of each key. Nested YAML keys are joined by dots; lists are left out."""
    return _yaml(text) if name.endswith((".yml", ".yaml")) else _properties(text)


def expand(
    text: str,
    value_of: Callable[[str], str | None],
    pattern: re.Pattern[str] = _REFERENCE,
    passes: int = _MAX_PASSES,
    limit: int = _MAX_LINE,
) -> str:
    """The text with each reference replaced by its value; references without a value stay.

    Passes and length are limited, since values can refer to each other without end.
    """

    def value(match: re.Match[str]) -> str:
        found = value_of(match[match.lastindex or 0].strip())
        return match[0] if found is None else found[:_MAX_VALUE]

    for _ in range(passes):
        expanded = pattern.sub(value, text)[:limit]
        if expanded == text:
            break
        text = expanded
    return text


def _properties(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = _PROPERTY.match(line[:_MAX_LINE])
        if match:
            found.setdefault(match[1], match[2].strip())
    return found


def _yaml(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    parents: list[tuple[int, str]] = []
    for line in text.splitlines():
        match = _YAML.match(line[:_MAX_LINE])
        if not match:
            continue
        indent = len(match["indent"])
        parents = [(depth, key) for depth, key in parents if depth < indent]
        parents.append((indent, match["key"]))
        value = (match["value"] or "").partition(" #")[0].strip().strip("'\"")
        if value:
            found.setdefault(".".join(key for _, key in parents), value)
    return found
