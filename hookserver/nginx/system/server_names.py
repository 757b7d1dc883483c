"""Names in ``server_name`` that are more than one domain: wildcards and regular expressions."""

from __future__ import annotations

import re

_NAMED_GROUP = re.compile(r"\(\?(?:P?<|')(\w+)[>']")


def is_expression(name: str) -> bool:
    """Whether the name is a regular expression: https://nginx.org/en/docs/http/server_names.html"""
    return name.startswith("~")


def expression_matches(name: str, domain: str) -> bool:
    """Whether the name is a regular expression that matches the domain; False when it cannot be judged."""
    found = _compiled(name) if is_expression(name) else None
    return found is not None and found.search(domain) is not None


def is_wider(name: str, domain: str) -> bool:
    """Whether a wildcard means the domain too; True for an expression that cannot be judged, which may."""
    if is_expression(name):
        return _compiled(name) is None
    if name == domain:
        return False
    return (name.startswith("*.") and domain.endswith(name[1:])) or (
        name.endswith(".*") and domain.startswith(name[:-1])
    )


def _compiled(name: str) -> re.Pattern[str] | None:
    """The expression in Python's spelling; None when Python cannot read it.

    PCRE also names groups ``(?<name>`` and ``(?'name'``, and knows classes such as ``[:alpha:]``: pcre2pattern(3).
    """
    if "[:" in name:
        return None
    try:
        return re.compile(_NAMED_GROUP.sub(r"(?P<\1>", name[1:]), re.IGNORECASE)
    except (re.error, OverflowError, RecursionError):
        return None
