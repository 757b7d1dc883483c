"""Finds the environment variables that a project reads."""

from __future__ import annotations

from collections.abc import Mapping

from hookserver.project.findings import Evidence, Hits

_COMMON = frozenset({"CATALINA_BASE", "CATALINA_HOME", "HOME", "HOSTNAME", "JAVA_HOME", "PATH", "PORT", "TZ", "USER"})
_MAX = 12


def environment_variables(hits: Mapping[str, Hits]) -> tuple[Evidence, ...]:
    """Each name once, with the file that reads it. Names that every machine has are left out."""
    found: dict[str, Evidence] = {}
    for hit in (*hits["environment"].first, *hits["environment in settings"].first):
        if hit.text not in _COMMON:
            found.setdefault(hit.text, Evidence(hit.text, hit.path))
    return tuple(found.values())[:_MAX]
