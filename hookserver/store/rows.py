"""Rows of the tables as the product's frozen data."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Row, and_, select

from hookserver.errors import no_such_app, no_such_deploy
from hookserver.models import App, Deploy, Lock, Release, Slot, Status, Step, StepOutcome, StepRun, Trigger
from hookserver.store.tables import apps, deploys


def find_app(connection: Connection, name: str) -> App:
    """The app with this name. Raises NotFound."""
    row = connection.execute(select(apps).where(apps.c.name == name)).first()
    if row is None:
        raise no_such_app(name, connection.scalars(select(apps.c.name)))
    return to_app(row)


def find_deploy(connection: Connection, number: int) -> Deploy:
    """The deploy with this number. Raises NotFound."""
    row = connection.execute(select(deploys).where(deploys.c.number == number)).first()
    if row is None:
        raise no_such_deploy(number)
    return to_deploy(row)


def find_waiting(connection: Connection, app: str) -> Deploy | None:
    """The app's deploy that waits; an index of the table makes sure that there is one at most."""
    row = connection.execute(select(deploys).where(deploys.c.app == app, deploys.c.status == Status.QUEUED)).first()
    return to_deploy(row) if row else None


def in_progress(table: FromClause) -> ColumnElement[bool]:
    """The condition for deploys that have started and not ended: the words of the index ``deploys_one_in_progress``.

    SQLite uses a partial index only where the query repeats its condition. https://sqlite.org/partialindex.html
    """
    return and_(table.c.started_at.is_not(None), table.c.ended_at.is_(None))


def to_app(row: Row[Any]) -> App:
    """A row of ``apps``."""
    lock = Lock(row.lock_reason, row.lock_by, row.lock_at) if row.lock_at is not None else None
    return App(row.name, row.number, row.live, row.tip_seen, lock)


def to_deploy(row: Row[Any]) -> Deploy:
    """A row of ``deploys``, whose columns are the fields of ``Deploy``."""
    # Public: https://docs.sqlalchemy.org/en/20/core/connections.html#sqlalchemy.engine.Row._mapping
    values = dict(row._mapping)
    values |= {
        "status": Status(row.status),
        "trigger": Trigger(row.trigger),
        "step": Step(row.step) if row.step else None,
    }
    return Deploy(**values)


def to_step_run(row: Row[Any]) -> StepRun:
    """A row of ``steps``."""
    outcome = StepOutcome(row.outcome) if row.outcome else None
    return StepRun(Step(row.step), row.started_at, row.ended_at, outcome)


def to_release(row: Row[Any]) -> Release:
    """A row of ``releases``."""
    return Release(
        deploy=row.deploy,
        app=row.app,
        commit=row.commit,
        image=row.image,
        slot=Slot(row.slot),
        replicas=row.replicas,
        live_at=row.live_at,
        retire_at=row.retire_at,
        retired_at=row.retired_at,
        sticky_until=row.sticky_until,
        visitors=row.visitors,
        settings=json.loads(row.settings),
    )
