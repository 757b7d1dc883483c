"""What replicas have printed: the last of it, why they failed, and what our part of Tomcat tells a person."""

from __future__ import annotations

import math
from collections.abc import Iterable

from hookserver.containers import diagnosis
from hookserver.containers.replica import Replica
from hookserver.engine.client import Engine
from hookserver.engine.output import read_lines
from hookserver.errors import Unhealthy

_TAIL = 600
"""Lines in which the cause of a failure is looked for."""


class Died(Unhealthy):
    """A replica ended; the text has its last lines."""


def last_lines(engine: Engine, name: str, lines: int) -> str:
    """The last that a container printed."""
    with engine.doing(f"read the log of {name}"):
        return str(engine.api.logs(name, tail=lines).decode("utf-8", "replace"))


def report(engine: Engine, name: str) -> str:
    """Why it failed, and its last lines."""
    return diagnosis.report(last_lines(engine, name, _TAIL), lines=30)


def died(engine: Engine, replica: Replica) -> Died:
    """How the replica ended, with its last lines, and what to do."""
    runs_again = replica.state == "running" and not replica.oom_killed  # of how it ended Docker tells no more
    how = "ended" if runs_again else diagnosis.ending(replica.exit_code, replica.oom_killed)
    if replica.restarts:
        how += f" and was started again {replica.restarts} times"
    remedy = "The cause stands above; the old release still serves."
    if replica.oom_killed:
        remedy = f"Give it more: apps.{replica.app}.tomcat.memory, and -Xmx in java_opts if that is set."
    return Died(f"{replica.name} {how}\n{report(engine, replica.name)}", remedy)


def gave_up(engine: Engine, name: str, context: str) -> bool:
    """Whether Tomcat has given up the context at this path for good."""
    return diagnosis.gave_up(last_lines(engine, name, _TAIL), context)


def told(engine: Engine, replicas: Iterable[Replica], since: float) -> list[str]:
    """What they have told a person since then (Unix seconds), however much the app has printed beside it."""
    lines: list[str] = []
    for replica in replicas:
        with engine.doing(f"read the log of {replica.name}"):
            log = engine.api.logs(replica.id, since=math.floor(since) or 1, stream=True, follow=False)
            lines += [f"{replica.name}: {line}" for line in diagnosis.told(read_lines(log))]
    return lines


def require_sessions(app: str, told_lines: Iterable[str]) -> None:
    """Raise Unhealthy when one of the lines tells that the sessions of the others could not be fetched."""
    for line in told_lines:
        if diagnosis.LACKING in line:
            remedy = (
                f"Give it more: apps.{app}.tomcat.memory, and -Xmx in java_opts if that is set."
                if "memory" in line
                else "The old release serves on. See its docker logs; docker restart a replica of it that hangs: the "
                "sessions that it alone has end with that. Then deploy again."
            )
            raise Unhealthy(line, remedy)
