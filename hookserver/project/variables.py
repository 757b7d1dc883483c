"""Names of the environment that a project reads."""

from __future__ import annotations

from collections.abc import Mapping

from hookserver.project.findings import Evidence, Hits

_EVERYONES = frozenset(
    {"CATALINA_BASE", "CATALINA_HOME", "HOME", "HOSTNAME", "JAVA_HOME", "PATH", "PORT", "TZ", "USER"}
)
_MOST = 12


def environment_variables(hits: Mapping[str, Hits]) -> tuple[Evidence, ...]:
    """Each name once, with the file that reads it; those that every machine has are left out."""
    found: dict[str, Evidence] = {}
    for sort in ("environment", "environment in settings"):
        for hit in hits[sort].first if sort in hits else ():
            if hit.text not in _EVERYONES:
                found.setdefault(hit.text, Evidence(hit.text, hit.path))
    return tuple(found.values())[:_MOST]
