"""The one place that changes rows of ``deploys`` and ends their steps; every change of a status is checked here."""

from __future__ import annotations

from typing import TypedDict, Unpack

from sqlalchemy import Connection, bindparam, select, update

from hookserver.errors import Refused
from hookserver.models import TRANSITIONS, Deploy, Status, Step, StepOutcome, Trigger
from hookserver.store.rows import to_deploy
from hookserver.store.tables import apps, deploys, steps

# Built once, since a flood of pushes repeats them; without values, an update sets the columns that its parameters name.
_SUPERSEDE = update(deploys).where(deploys.c.number == bindparam("waiting"), deploys.c.status == Status.QUEUED)
_SUCCESSOR = update(deploys).where(deploys.c.number == bindparam("superseded"))
_CHANGED = "It changed in the meantime; see `hookserver history`."


class Facts(TypedDict, total=False):
    """The columns of a deploy that change during its life, apart from its status."""

    attempt: int
    commit: str
    step: Step | None
    reason: str
    superseded_by: int
    cancel_requested: bool
    visitors_lost: int | None
    started_at: float | None
    live_at: float
    ended_at: float


def change_status(connection: Connection, deploy: Deploy, status: Status, **facts: Unpack[Facts]) -> None:
    """Move a deploy to ``status`` along TRANSITIONS, and record ``facts`` with it.

    ``deploy`` is as the caller's transaction has read it, which holds whatever else must be true then. When a deploy
    that was requested by hand comes to nothing, the poll may deploy again what it had replaced. Raises Refused when
    the deploy cannot become that, or has another status than ``deploy``.
    """
    as_read = update(deploys).where(deploys.c.number == deploy.number, deploys.c.status == deploy.status)
    is_allowed = status in TRANSITIONS[deploy.status]
    if not is_allowed or not connection.execute(as_read.values(status=status, **facts)).rowcount:
        raise Refused(f"deploy {deploy.number} is {deploy.status} and cannot become {status}", _CHANGED)
    has_failed = status in (Status.FAILED, Status.CANCELLED, Status.ROLLED_BACK)
    if has_failed and deploy.ended_at is None:
        _forget_tip(connection, deploy)


def supersede(connection: Connection, waiting: int, now: float) -> None:
    """End a deploy that waits, for a newer push; `record_successor` follows. Raises Refused when it does not wait."""
    values = {"waiting": waiting, "status": Status.SUPERSEDED, "ended_at": now}
    if not connection.execute(_SUPERSEDE, values).rowcount:
        raise Refused(f"deploy {waiting} does not wait", _CHANGED)


def record_successor(connection: Connection, superseded: int, number: int) -> None:
    """Record which deploy has superseded another one."""
    connection.execute(_SUCCESSOR, {"superseded": superseded, "superseded_by": number})


def record_facts(connection: Connection, number: int, **facts: Unpack[Facts]) -> None:
    """Record facts about a deploy that keeps its status."""
    connection.execute(update(deploys).where(deploys.c.number == number).values(**facts))


def close_step(connection: Connection, number: int, outcome: StepOutcome, now: float) -> None:
    """End the deploy's open step, if it has one."""
    open_step = update(steps).where(steps.c.deploy == number, steps.c.ended_at.is_(None))
    connection.execute(open_step.values(ended_at=now, outcome=outcome))


def close_killed_step(connection: Connection, deploy: Deploy, now: float) -> None:
    """End the open step of a deploy whose process was killed: by a cancellation, or with the worker."""
    outcome = StepOutcome.CANCELLED if deploy.cancel_requested else StepOutcome.INTERRUPTED
    close_step(connection, deploy.number, outcome, now)


def _forget_tip(connection: Connection, failed: Deploy) -> None:
    """Let the poll deploy the tip again if a push of it was superseded by ``failed``, a deploy requested by hand."""
    by_hand = [failed.number] if failed.is_by_hand else []
    while by_hand:
        pushes = select(deploys).where(deploys.c.superseded_by.in_(by_hand), deploys.c.trigger != Trigger.SETTINGS)
        replaced = [to_deploy(row) for row in connection.execute(pushes)]
        by_hand = [deploy.number for deploy in replaced if deploy.is_by_hand]
        if len(by_hand) < len(replaced):
            connection.execute(update(apps).where(apps.c.name == failed.app).values(tip_seen=""))
