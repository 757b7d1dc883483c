"""The kinds of build, and the choice among them. A new kind is one new file and its name here."""

from __future__ import annotations

from collections.abc import Mapping

from hookserver.builders.job import BuildJob, Kind
from hookserver.builders.kinds import ant, dockerfile, gradle, maven, war
from hookserver.deploy_log import DeployLog
from hookserver.errors import BuildError

KINDS: Mapping[str, Kind] = {"dockerfile": dockerfile, "maven": maven, "gradle": gradle, "ant": ant, "war": war}
"""In the order in which ``auto`` asks them."""


def choose(job: BuildJob, log: DeployLog) -> Kind:
    """The kind that the settings name, else the first that is sure of itself, else the first that guesses.

    The log is told what was seen and how to choose otherwise. Raises BuildError when no kind fits.
    """
    named = job.app.build.kind
    if named != "auto":
        return KINDS[named]
    if job.app.build.war.startswith("/"):
        return KINDS["war"]
    seen = {name: sight for name, kind in KINDS.items() if (sight := kind.recognise(job.source))}
    if not seen:
        looked_for = "; ".join(kind.looks_for for kind in KINDS.values())
        raise BuildError(
            f"nothing says how to build this project; looked for: {looked_for}",
            "Add one of these to the repository, or set build.kind and what it needs.",
        )
    chosen = next((name for name, sight in seen.items() if sight.sure), next(iter(seen)))
    log.line(f"{seen[chosen].what}: {chosen}")
    for name in seen.keys() - {chosen}:
        log.line(f'there is also {seen[name].what}; build.kind = "{name}" uses it')
    return KINDS[chosen]
