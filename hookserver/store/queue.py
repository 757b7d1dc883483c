"""The queue: one waiting push an app, the newest; one deploy under way an app; fair between apps."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, and_, delete, exists, func, insert, or_, select, update

from hookserver.errors import Refused
from hookserver.models import Deploy, Push, Status, Trigger
from hookserver.store.base import StoreBase
from hookserver.store.rows import find_app, find_deploy, to_deploy
from hookserver.store.tables import apps, deliveries, deploys
from hookserver.store.transitions import Facts, change_status, close_killed_step, record_facts

MAX_ATTEMPTS = 3
"""How often a deploy is begun again after its worker was killed."""
_DELIVERIES_KEPT = 1000


@dataclass(frozen=True)
class Queued:
    """What became of a push: the deploy it asks for, or the one that the same delivery asked for before."""

    deploy: int
    duplicate: bool = False


class Queue(StoreBase):
    """The part of the store about pushes that wait."""

    def enqueue(self, push: Push) -> Queued:
        """Store a push; durable when this returns. The app's waiting push, if any, becomes superseded by it."""
        with self._database.writing() as connection:
            find_app(connection, push.app)
            if push.delivery:
                again = select(deliveries.c.deploy).where(
                    deliveries.c.app == push.app, deliveries.c.delivery == push.delivery
                )
                known = connection.execute(again).scalar()
                if known is not None:
                    return Queued(known, duplicate=True)
            number = self._insert(connection, push)
        self._wake_worker()
        return Queued(number)

    def enqueue_new_tip(self, push: Push, tip: str) -> Queued | None:
        """Store a push if this tip of the branch was never seen, and no deploy that waits will see it; else None.

        Nor while something is on its way that was asked for by hand: it is not replaced, and a rollback not undone.
        """
        by_hand = or_(deploys.c.requested_commit != "", deploys.c.trigger == Trigger.ROLLBACK)
        will_look = and_(deploys.c.commit == "", deploys.c.trigger != Trigger.SETTINGS)
        coming = exists().where(deploys.c.app == push.app, deploys.c.ended_at.is_(None), or_(by_hand, will_look))
        unseen = update(apps).where(apps.c.name == push.app, apps.c.tip_seen != tip, ~coming)
        with self._database.writing() as connection:
            if not connection.execute(unseen.values(tip_seen=tip)).rowcount:
                return None
            number = self._insert(connection, push)
        self._wake_worker()
        return Queued(number)

    def enqueue_settings(self, push: Push) -> Queued:
        """As ``enqueue``, but a deploy of the app that waits already stays: it brings the settings with it."""
        waiting = select(deploys.c.number).where(deploys.c.app == push.app, deploys.c.status == Status.QUEUED)
        with self._database.writing() as connection:
            number = connection.execute(waiting).scalar() or self._insert(connection, push)
        self._wake_worker()
        return Queued(number)

    def rollback_is_queued(self, app: str) -> bool:
        """Whether a rollback of the app is queued: its standby is needed still."""
        waiting = exists().where(
            deploys.c.app == app, deploys.c.status == Status.QUEUED, deploys.c.rollback_to.is_not(None)
        )
        with self._database.reading() as connection:
            return bool(connection.execute(select(waiting)).scalar())

    def claim(self, builds: int, busy: Collection[str] = ()) -> Deploy | None:
        """Take the next waiting deploy and mark it running: the app that was served longest ago comes first.

        None while ``builds`` deploys run already, or nothing may start: an app that is locked, has a deploy under
        way, or is one of ``busy`` waits.
        """
        with self._database.writing() as connection:
            running = select(func.count()).where(deploys.c.status == Status.RUNNING)
            if connection.execute(running).scalar_one() >= builds:
                return None
            other = deploys.alias()
            in_progress = exists().where(
                other.c.app == deploys.c.app, other.c.started_at.is_not(None), other.c.ended_at.is_(None)
            )
            waiting = (
                select(deploys.c.number, deploys.c.app, deploys.c.attempt)
                .join(apps, apps.c.name == deploys.c.app)
                .where(
                    deploys.c.status == Status.QUEUED, apps.c.lock_at.is_(None), apps.c.name.not_in(busy), ~in_progress
                )
                .order_by(apps.c.served, deploys.c.number)
            )
            row = connection.execute(waiting).first()
            if row is None:
                return None
            served = select(func.max(apps.c.served) + 1).scalar_subquery()
            connection.execute(update(apps).where(apps.c.name == row.app).values(served=served))
            begun: Facts = {"started_at": self._clock(), "attempt": row.attempt + 1, "step": None}
            change_status(connection, row.number, Status.RUNNING, **begun)
            return find_deploy(connection, row.number)

    def cancel(self, number: int) -> Deploy:
        """Cancel a waiting deploy at once, mark a running one for the worker. Raises Refused when it is over."""
        with self._database.writing() as connection:
            deploy = find_deploy(connection, number)
            if deploy.status is Status.QUEUED:
                over: Facts = {"ended_at": self._clock(), "reason": "cancelled while it waited"}
                change_status(connection, number, Status.CANCELLED, **over)
            elif deploy.status is Status.RUNNING:
                record_facts(connection, number, cancel_requested=True)
            else:
                raise Refused(
                    f"deploy {number} is over: it is {deploy.status}", "Only a queued or running deploy ends."
                )
            deploy = find_deploy(connection, number)
        self._wake_worker()
        return deploy

    def queued_or_running(self, app: str) -> list[Deploy]:
        """The app's deploys that wait or run, however many pushes came since; one of each at most."""
        unfinished = deploys.c.status.in_((Status.QUEUED, Status.RUNNING))
        with self._database.reading() as connection:
            query = select(deploys).where(deploys.c.app == app, unfinished).order_by(deploys.c.number)
            return [to_deploy(row) for row in connection.execute(query)]

    def in_progress(self) -> list[Deploy]:
        """Deploys that were begun and have not ended: running, live and still draining, or just being sent back."""
        with self._database.reading() as connection:
            begun = select(deploys).where(deploys.c.started_at.is_not(None), deploys.c.ended_at.is_(None))
            return [to_deploy(row) for row in connection.execute(begun)]

    def requeue(self, number: int) -> Status:
        """A deploy whose worker was killed waits again, or is superseded by a newer one, or fails the third time.

        New settings that wait supersede nothing but such: what waits again brings them.
        """
        with self._database.writing() as connection:
            deploy = find_deploy(connection, number)
            newer = select(deploys.c.number, deploys.c.trigger).where(
                deploys.c.app == deploy.app, deploys.c.status == Status.QUEUED
            )
            waiting = connection.execute(newer).first()
            now = self._clock()
            close_killed_step(connection, deploy, now)
            facts: Facts = {"ended_at": now}
            if deploy.cancel_requested:
                status, facts["reason"] = Status.CANCELLED, "cancelled"
            elif waiting is not None and (waiting.trigger != Trigger.SETTINGS or deploy.trigger is Trigger.SETTINGS):
                status, facts["superseded_by"] = Status.SUPERSEDED, waiting.number
            elif deploy.attempt >= MAX_ATTEMPTS:
                why = f"the worker was killed in each of {MAX_ATTEMPTS} attempts, last in step {deploy.step or 'fetch'}"
                status, facts["reason"] = Status.FAILED, why
            else:
                status, facts = Status.QUEUED, {"started_at": None, "step": None, "commit": ""}
                if waiting is not None:
                    change_status(connection, waiting.number, Status.SUPERSEDED, superseded_by=number, ended_at=now)
            change_status(connection, number, status, **facts)
            return status

    def _insert(self, connection: Connection, push: Push) -> int:
        waiting = select(deploys.c.number).where(deploys.c.app == push.app, deploys.c.status == Status.QUEUED)
        replaced = connection.execute(waiting).scalar()
        if replaced is not None:
            change_status(connection, replaced, Status.SUPERSEDED, ended_at=self._clock())
        values = {
            "app": push.app,
            "status": Status.QUEUED,
            "trigger": push.trigger,
            "requested_commit": push.commit,
            "rebuild": push.rebuild,
            "rollback_to": push.rollback_to,
            "by": push.by,
            "queued_at": self._clock(),
        }
        number: int = connection.execute(insert(deploys).values(values).returning(deploys.c.number)).scalar_one()
        if replaced is not None:
            record_facts(connection, replaced, superseded_by=number)
        if push.delivery:
            connection.execute(insert(deliveries).values(app=push.app, delivery=push.delivery, deploy=number))
            old = delete(deliveries).where(
                deliveries.c.app == push.app, deliveries.c.deploy < number - _DELIVERIES_KEPT
            )
            connection.execute(old)
        return number
