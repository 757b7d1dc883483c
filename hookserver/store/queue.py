"""The queue: one waiting push per app, the newest; one deploy in progress per app; fair between apps."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, and_, bindparam, exists, func, insert, or_, select, update

from hookserver.errors import Refused
from hookserver.models import Deploy, Push, Status, Trigger
from hookserver.store.base import StoreBase
from hookserver.store.database import Database
from hookserver.store.group_commit import GroupCommit
from hookserver.store.rows import find_app, find_deploy, find_waiting, in_progress, to_deploy
from hookserver.store.tables import apps, deploys
from hookserver.store.transitions import (
    Facts,
    change_status,
    close_killed_step,
    record_facts,
    record_successor,
    supersede,
)

MAX_ATTEMPTS = 3
"""How often a deploy is started whose process is killed each time."""
_other = deploys.alias()

# A flood of pushes repeats these: as statements that are built once they take a third of the time.
# https://docs.sqlalchemy.org/en/20/core/connections.html#sql-caching
_of_app = deploys.c.app == bindparam("app")
_number = select(deploys.c.number)
_BEFORE = select(
    select(apps.c.name).where(apps.c.name == bindparam("app")).scalar_subquery().label("app"),
    select(deploys.c.number)
    .where(_of_app, deploys.c.delivery == bindparam("delivery"))
    .scalar_subquery()
    .label("same"),
    select(deploys.c.number).where(_of_app, deploys.c.status == Status.QUEUED).scalar_subquery().label("waiting"),
)
_INSERT = insert(deploys).returning(deploys.c.number)


@dataclass(frozen=True)
class Queued:
    """The deploy that a push requests; of a ``duplicate``, the one that the same delivery requested before."""

    deploy: int
    duplicate: bool = False
    wakes: bool = True
    """Whether the worker has something new to do."""


class Queue(StoreBase):
    """The part of the store about pushes that wait."""

    def __init__(self, database: Database, wakeup_socket: Path, clock: Callable[[], float]) -> None:
        super().__init__(database, wakeup_socket, clock)
        self._pushes = GroupCommit(database, self._store_push)

    def enqueue(self, push: Push) -> Queued:
        """Store a push; it is durable when this returns, and supersedes the app's waiting push.

        Raises NotFound for an unknown app, StoreError.
        """
        queued = self._pushes.run(push)
        if queued.wakes:
            self._wake_worker()
        return queued

    def enqueue_new_tip(self, push: Push, tip: str) -> Queued | None:
        """Store a push for a tip of the branch that was not seen before; None when it was, or nothing is to be done.

        A deploy that has yet to fetch will find the tip itself. A deploy in progress that was requested by hand is
        not superseded, and a rollback is not undone. Raises StoreError.
        """
        by_hand = or_(deploys.c.requested_commit != "", deploys.c.trigger == Trigger.ROLLBACK)
        will_fetch = and_(deploys.c.commit == "", deploys.c.trigger != Trigger.SETTINGS)
        coming = exists().where(deploys.c.app == push.app, deploys.c.ended_at.is_(None), or_(by_hand, will_fetch))
        unseen = update(apps).where(apps.c.name == push.app, apps.c.tip_seen != tip, ~coming)
        with self._database.writing() as connection:
            if not connection.execute(unseen.values(tip_seen=tip)).rowcount:
                return None
            waiting = find_waiting(connection, push.app)
            number = self._insert(connection, push, waiting.number if waiting else None)
        self._wake_worker()
        return Queued(number)

    def enqueue_settings(self, push: Push) -> Queued:
        """As ``enqueue``, but the app's waiting deploy is kept: it brings the settings too. Raises StoreError.

        Waiting settings are superseded by a push that requests to ``rebuild``, too.
        """
        with self._database.writing() as connection:
            waiting = find_waiting(connection, push.app)
            is_less = waiting is not None and waiting.trigger is Trigger.SETTINGS and push.rebuild
            if waiting is not None and not is_less:
                number = waiting.number
            else:
                number = self._insert(connection, push, waiting.number if waiting else None)
        self._wake_worker()
        return Queued(number)

    def rollback_is_queued(self, app: str) -> bool:
        """Whether a rollback of the app waits, which needs its standby. Raises StoreError."""
        with self._database.reading() as connection:
            waiting = find_waiting(connection, app)
            return waiting is not None and waiting.rollback_to is not None

    def claim(self, builds: int, busy: Collection[str] = ()) -> Deploy | None:
        """Start the next waiting deploy: it is running now. The app whose turn was longest ago comes first.

        None when ``builds`` deploys run, or no deploy may start: those of apps that are locked, have a deploy in
        progress or are ``busy`` wait. Raises StoreError.
        """
        with self._database.reading() as connection:  # mostly nothing may start, and no push waits for this answer
            if _next(connection, builds, busy) is None:
                return None
        with self._database.writing() as connection:
            deploy = _next(connection, builds, busy)
            if deploy is None:
                return None
            # A counter, not the time: the order stays fair when the clock jumps.
            turn = select(func.max(apps.c.last_turn) + 1).scalar_subquery()
            connection.execute(update(apps).where(apps.c.name == deploy.app).values(last_turn=turn))
            facts: Facts = {"started_at": self._clock(), "attempt": deploy.attempt + 1, "step": None}
            change_status(connection, deploy, Status.RUNNING, **facts)
            return find_deploy(connection, deploy.number)

    def cancel(self, number: int) -> Deploy:
        """Cancel a waiting deploy at once, or ask the worker to kill a running one; return the deploy.

        Raises Refused when it is over, NotFound, StoreError.
        """
        with self._database.writing() as connection:
            deploy = find_deploy(connection, number)
            if deploy.status is Status.QUEUED:
                over: Facts = {"ended_at": self._clock(), "reason": "cancelled while it waited"}
                change_status(connection, deploy, Status.CANCELLED, **over)
            elif deploy.status is Status.RUNNING:
                record_facts(connection, number, cancel_requested=True)
            else:
                raise Refused(
                    f"deploy {number} is over: it is {deploy.status}",
                    "Only a queued or running deploy can be cancelled.",
                )
            deploy = find_deploy(connection, number)
        self._wake_worker()
        return deploy

    def do_not_repeat(self, number: int, reason: str) -> None:
        """Record why a running deploy is about to be killed for good; a deploy that is live stays so.

        Raises NotFound, StoreError.
        """
        with self._database.writing() as connection:
            if find_deploy(connection, number).status is Status.RUNNING:
                record_facts(connection, number, reason=reason)

    def requeue(self, number: int) -> Status:
        """Let a deploy whose process was killed wait again; return its new status.

        It is superseded instead when a newer push waits, fails after ``MAX_ATTEMPTS`` or ``do_not_repeat``, and is
        cancelled when somebody asked for that. Waiting settings supersede only settings: a deploy that waits again
        brings them too. Raises Refused when the deploy is not running, NotFound, StoreError.
        """
        with self._database.writing() as connection:
            deploy = find_deploy(connection, number)
            waiting, now = find_waiting(connection, deploy.app), self._clock()
            close_killed_step(connection, deploy, now)
            facts: Facts = {"ended_at": now}
            if deploy.cancel_requested:
                status, facts["reason"] = Status.CANCELLED, "cancelled"
            elif waiting is not None and (
                waiting.trigger is not Trigger.SETTINGS or deploy.trigger is Trigger.SETTINGS
            ):
                status, facts["superseded_by"] = Status.SUPERSEDED, waiting.number
            elif deploy.reason:
                status = Status.FAILED
            elif deploy.attempt >= MAX_ATTEMPTS:
                why = (
                    f"its process was killed in each of {MAX_ATTEMPTS} attempts, last in step {deploy.step or 'fetch'}"
                )
                status, facts["reason"] = Status.FAILED, why
            else:
                status, facts = Status.QUEUED, {"started_at": None, "step": None, "commit": ""}
                if waiting is not None:
                    change_status(connection, waiting, Status.SUPERSEDED, superseded_by=number, ended_at=now)
            change_status(connection, deploy, status, **facts)
            return status

    def _store_push(self, connection: Connection, push: Push) -> Queued:
        """Raises NotFound for an unknown app."""
        before = connection.execute(_BEFORE, {"app": push.app, "delivery": push.delivery or None}).one()
        if before.app is None:
            find_app(connection, push.app)
        if before.same is not None:
            return Queued(before.same, duplicate=True, wakes=False)
        # The worker was woken for the one that waited, and has no more to do than before.
        return Queued(self._insert(connection, push, before.waiting), wakes=before.waiting is None)

    def _insert(self, connection: Connection, push: Push, superseded: int | None) -> int:
        now = self._clock()
        if superseded is not None:
            supersede(connection, superseded, now)
        values = {
            "app": push.app,
            "status": Status.QUEUED,
            "trigger": push.trigger,
            "requested_commit": push.commit,
            "rebuild": push.rebuild,
            "rollback_to": push.rollback_to,
            "by": push.by,
            "delivery": push.delivery or None,
            "queued_at": now,
        }
        number: int = connection.execute(_INSERT, values).scalar_one()
        if superseded is not None:
            record_successor(connection, superseded, number)
        return number


def _next(connection: Connection, builds: int, busy: Collection[str]) -> Deploy | None:
    """The waiting deploy to start next, of an app that is neither locked nor ``busy`` nor has one in progress.

    None, too, when ``builds`` deploys run.
    """
    running = select(func.count()).where(in_progress(deploys), deploys.c.status == Status.RUNNING)
    if connection.execute(running).scalar_one() >= builds:
        return None
    blocked = exists().where(_other.c.app == deploys.c.app, in_progress(_other))
    row = connection.execute(
        select(deploys)
        .join(apps, apps.c.name == deploys.c.app)
        .where(deploys.c.status == Status.QUEUED, apps.c.lock_at.is_(None), apps.c.name.not_in(busy), ~blocked)
        .order_by(apps.c.last_turn, deploys.c.number)
    ).first()
    return to_deploy(row) if row else None
