"""Rows of the tables as the product's frozen data, and the one place where a deploy changes its status."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, Row, select, update

from hookserver.errors import NotFound, Refused
from hookserver.models import TRANSITIONS, App, Deploy, Lock, Release, Slot, Status, Step, Trigger
from hookserver.store.tables import apps, deploys, steps


def find_app(connection: Connection, name: str) -> App:
    row = connection.execute(select(apps).where(apps.c.name == name)).first()
    if row is None:
        raise NotFound(f"there is no app {name!r}", "The settings file names the apps as [apps.<name>].")
    return to_app(row)


def find_deploy(connection: Connection, number: int) -> Deploy:
    row = connection.execute(select(deploys).where(deploys.c.number == number)).first()
    if row is None:
        raise NotFound(f"there is no deploy {number}", "See `hookserver history`.")
    return to_deploy(row)


def to_app(row: Row[Any]) -> App:
    lock = Lock(row.lock_reason, row.lock_by, row.lock_at) if row.lock_at is not None else None
    return App(row.name, row.number, row.live, row.tip_seen, lock)


def to_deploy(row: Row[Any]) -> Deploy:
    values = dict(row._mapping)  # SQLAlchemy's public name for it
    values |= {
        "status": Status(row.status),
        "trigger": Trigger(row.trigger),
        "step": Step(row.step) if row.step else None,
    }
    return Deploy(**values)


def to_release(row: Row[Any]) -> Release:
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


def move(connection: Connection, number: int, status: Status, **values: Any) -> None:
    allowed = [before for before, after in TRANSITIONS.items() if status in after]
    moving = update(deploys).where(deploys.c.number == number, deploys.c.status.in_(allowed))
    if not connection.execute(moving.values(status=status, **values)).rowcount:
        deploy = find_deploy(connection, number)
        raise Refused(f"deploy {number} is {deploy.status} and cannot become {status}", "Someone was quicker.")
    if status in (Status.FAILED, Status.CANCELLED, Status.ROLLED_BACK):
        _forget_tip(connection, number)


def _forget_tip(connection: Connection, number: int) -> None:
    """What was asked for by hand came to nothing: a push that gave way to it is news for the poll again."""
    ended = find_deploy(connection, number)
    by_hand = [number] if _is_by_hand(ended) else []
    while by_hand:
        pushes = select(deploys).where(deploys.c.superseded_by.in_(by_hand), deploys.c.trigger != Trigger.SETTINGS)
        replaced = [to_deploy(row) for row in connection.execute(pushes)]
        by_hand = [deploy.number for deploy in replaced if _is_by_hand(deploy)]
        if len(by_hand) < len(replaced):
            connection.execute(update(apps).where(apps.c.name == ended.app).values(tip_seen=""))


def _is_by_hand(deploy: Deploy) -> bool:
    return bool(deploy.asked) or deploy.trigger is Trigger.ROLLBACK


def end_steps(connection: Connection, number: int, now: float) -> None:
    open_steps = update(steps).where(steps.c.deploy == number, steps.c.ended_at.is_(None))
    connection.execute(open_steps.values(ended_at=now))
