"""One replica as Docker tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hookserver.engine import labels
from hookserver.models import Slot


@dataclass(frozen=True)
class Replica:
    """A container of ours as Docker tells it. ``started_at`` is in Unix seconds, None: it never was.

    ``state`` is Docker's word: created, running, paused, restarting, removing, exited or dead.
    """

    id: str
    name: str
    app: str
    slot: Slot
    route: str
    deploy: int
    commit: str
    image: str
    state: str
    restarts: int
    exit_code: int
    oom_killed: bool
    started_at: float | None
    siblings: int


def parse_replica(told: dict[str, Any]) -> Replica:
    """Out of Docker's answer to an inspection."""
    found, state = told["Config"]["Labels"], told["State"]
    started = datetime.fromisoformat(state["StartedAt"])
    return Replica(
        id=told["Id"],
        name=told["Name"].lstrip("/"),
        app=found[labels.APP],
        slot=Slot(found[labels.SLOT]),
        route=found[labels.ROUTE],
        deploy=int(found[labels.DEPLOY]),
        commit=found[labels.COMMIT],
        image=told["Config"]["Image"],
        state=state["Status"],
        restarts=told["RestartCount"],
        exit_code=state["ExitCode"],
        oom_killed=state["OOMKilled"],
        started_at=started.timestamp() if started.year > 1 else None,
        siblings=int(found[labels.REPLICAS]),
    )
