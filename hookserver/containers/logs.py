"""The logs of replicas: their last lines, the cause of a failure, the messages of our classes in Tomcat."""

from __future__ import annotations

import math
from collections.abc import Iterable

from hookserver.containers import diagnosis
from hookserver.engine.client import Engine
from hookserver.engine.output import read_lines
from hookserver.models import Replica
from hookserver.plain_text import plain

_TAIL = 600
"""The last lines of a log, in which the cause of a failure is searched."""


def last_lines(engine: Engine, name: str, lines: int) -> str:
    """The last lines of a container's log. Raises ContainerError when Docker does not send them."""
    with engine.doing(f"read the log of {name}"):
        return plain(engine.api.logs(name, tail=lines).decode("utf-8", "replace"))


def failure_report(engine: Engine, name: str) -> str:
    """The cause of a container's failure, and its last lines. Raises ContainerError when Docker does not send them."""
    return diagnosis.failure_report(last_lines(engine, name, _TAIL), lines=30)


def gave_up(engine: Engine, name: str, context: str) -> bool:
    """Whether Tomcat gave up the context at this path. Raises ContainerError when Docker does not send the log."""
    return diagnosis.gave_up(last_lines(engine, name, _TAIL), context)


def messages(engine: Engine, replicas: Iterable[Replica], since: float) -> list[str]:
    """The messages of our classes in the replicas' logs since then (Unix seconds), however long the logs are.

    Raises ContainerError when Docker does not send a log.
    """
    lines: list[str] = []
    for replica in replicas:
        with engine.doing(f"read the log of {replica.name}"):
            # `or 1`: docker-py refuses a `since` of 0 (InvalidArgument).
            log = engine.api.logs(replica.id, since=math.floor(since) or 1, stream=True, follow=False)
            lines += [f"{replica.name}: {line}" for line in diagnosis.messages(read_lines(log))]
    return lines
