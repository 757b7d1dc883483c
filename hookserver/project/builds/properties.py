"""``.properties`` and simple ``.yml`` files as key and value, read as text."""

from __future__ import annotations

import re

_LONGEST_LINE = 2000
_YAML = re.compile(r"(?P<indent> *)(?P<key>[\w.-]+) *:(?: (?P<value>.*))?$")
_PROPERTY = re.compile(r"\s*([^#!\s=:][^\s=:]*)\s*[=:](.*)$")


def read_properties(text: str, name: str) -> dict[str, str]:
    """Key → value; nested YAML keys are joined by dots, lists are left out. The first value counts."""
    return _yaml(text) if name.endswith((".yml", ".yaml")) else _properties(text)


def _properties(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = _PROPERTY.match(line[:_LONGEST_LINE])
        if match:
            found.setdefault(match[1], match[2].strip())
    return found


def _yaml(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for line in text.splitlines():
        match = _YAML.match(line[:_LONGEST_LINE])
        if not match:
            continue
        indent = len(match["indent"])
        above = [(depth, key) for depth, key in above if depth < indent]
        above.append((indent, match["key"]))
        value = (match["value"] or "").partition(" #")[0].strip().strip("'\"")
        if value:
            found.setdefault(".".join(key for _, key in above), value)
    return found
