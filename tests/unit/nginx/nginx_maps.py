"""Reads ``map`` blocks as Nginx does: https://nginx.org/en/docs/http/ngx_http_map_module.html"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_MAP = re.compile(r"^map ([^\n]*) \$(\w+) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_ENTRY = re.compile(r'^ +("(?:[^"\\]|\\.)*"|\S+) +(.*);$', re.MULTILINE)


def value(lines: Iterable[str], variable: str, **variables: str) -> str:
    """The value of ``variable`` by the maps in ``lines``, when the request's own variables are ``variables``."""
    return values(lines, variable, **variables)[0]


def values(lines: Iterable[str], *read: str, **variables: str) -> tuple[str, ...]:
    """The values of the variables that are ``read``, in this order: an expression that matches sets its groups'."""
    maps = {name: (_plain(source), body) for source, name, body in _MAP.findall("\n".join(lines))}
    found: dict[str, str] = {}

    def filled(text: str, groups: Mapping[str, str]) -> str:
        def one(match: re.Match[str]) -> str:
            name = match[1] or match[2]
            return groups[name] if name in groups else evaluated(name)

        return re.sub(r"\$(?:(\w+)|\{(\w+)\})", one, text)

    def evaluated(name: str) -> str:
        if name in variables:
            return variables[name]
        if name not in maps:
            # A named group's variable, as an expression that matched before has left it.
            return found.get(name, "")
        source, body = maps[name]
        subject = filled(source, {})
        entries = [(_plain(key), _plain(result)) for key, result in _ENTRY.findall(body)]
        for key, result in entries:
            if not key.startswith("~") and key.lower() == subject.lower() and key != "default":
                return filled(result, {})
        for key, result in entries:
            match = _expression(key).search(subject) if key.startswith("~") else None
            if match:
                found.update(match.groupdict(""))
                return filled(result, found)
        return filled(dict(entries).get("default", ""), {})

    return tuple(evaluated(name) for name in read)


def _expression(key: str) -> re.Pattern[str]:
    flags = re.IGNORECASE if key.startswith("~*") else re.NOFLAG
    # PCRE names a group without Python's P; (?<! and (?<= are the same in both.
    return re.compile(re.sub(r"\(\?<(\w)", r"(?P<\1", key.removeprefix("~").removeprefix("*")), flags)


def _plain(parameter: str) -> str:
    if not parameter.startswith('"'):
        return parameter
    return re.sub(r'\\(["\\])', r"\1", parameter[1:-1])
