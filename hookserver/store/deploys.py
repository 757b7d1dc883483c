"""A deploy's life, from its first step to its end."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, insert, or_, select, update

from hookserver.models import Deploy, Status, Step, StepOutcome, StepRun, Trigger
from hookserver.store.base import StoreBase
from hookserver.store.rows import find_app, find_deploy, find_waiting, in_progress, to_deploy, to_step_run
from hookserver.store.tables import apps, deploys, releases, steps
from hookserver.store.transitions import change_status, close_killed_step, close_step, record_facts

_OPEN_STEP = {Status.LIVE: StepOutcome.DONE, Status.CANCELLED: StepOutcome.CANCELLED}
"""How a deploy's open step ends when the deploy ends; ``FAILED`` for every other status."""


class Deploys(StoreBase):
    """The part of the store about deploys."""

    def deploy(self, number: int) -> Deploy:
        """The deploy with this number. Raises NotFound, StoreError."""
        with self._database.reading() as connection:
            return find_deploy(connection, number)

    def deploys(self, app: str | None = None, limit: int = 20) -> list[Deploy]:
        """The last ``limit`` deploys of an app, or of all apps, newest first. Raises NotFound, StoreError."""
        query = select(deploys).order_by(deploys.c.number.desc()).limit(limit)
        with self._database.reading() as connection:
            if app is not None:
                find_app(connection, app)
                query = query.where(deploys.c.app == app)
            return [to_deploy(row) for row in connection.execute(query)]

    def history_of_traffic(self, app: str, before: int) -> list[Deploy]:
        """The app's deploys below number ``before`` that were live, or that a person asked for; newest first.

        Raises StoreError.
        """
        counts = or_(deploys.c.live_at.is_not(None), deploys.c.trigger.in_((Trigger.API, Trigger.CLI)))
        query = select(deploys).where(deploys.c.app == app, deploys.c.number < before, counts)
        with self._database.reading() as connection:
            return [to_deploy(row) for row in connection.execute(query.order_by(deploys.c.number.desc()))]

    def queued_or_running(self, app: str) -> list[Deploy]:
        """The app's deploys that wait or run, one of each at most. Raises StoreError."""
        running = select(deploys).where(deploys.c.app == app, in_progress(deploys), deploys.c.status == Status.RUNNING)
        with self._database.reading() as connection:
            waiting = find_waiting(connection, app)
            return [*map(to_deploy, connection.execute(running)), *([waiting] if waiting else [])]

    def in_progress(self) -> list[Deploy]:
        """Deploys that have started and not ended: running, draining or being sent back. Raises StoreError."""
        with self._database.reading() as connection:
            return [to_deploy(row) for row in connection.execute(select(deploys).where(in_progress(deploys)))]

    def steps(self, number: int) -> list[StepRun]:
        """The steps of a deploy's last attempt, in the order of ``Step``, whatever the clock did. Raises StoreError."""
        attempt = select(deploys.c.attempt).where(deploys.c.number == number).scalar_subquery()
        query = select(steps).where(steps.c.deploy == number, steps.c.attempt == attempt)
        with self._database.reading() as connection:
            runs = {Step(row.step): to_step_run(row) for row in connection.execute(query)}
        return [runs[step] for step in Step if step in runs]

    def begin_step(self, deploy: Deploy, step: Step) -> None:
        """Record that a step begins. Raises StoreError."""
        now = self._clock()
        with self._database.writing() as connection:
            close_step(connection, deploy.number, StepOutcome.DONE, now)
            values = {"deploy": deploy.number, "attempt": deploy.attempt, "step": step, "started_at": now}
            connection.execute(insert(steps).values(values))
            record_facts(connection, deploy.number, step=step)

    def end_step(self, number: int, outcome: StepOutcome) -> None:
        """Record how the deploy's open step ended; nothing when it has none. Raises StoreError."""
        with self._database.writing() as connection:
            close_step(connection, number, outcome, self._clock())

    def end_killed_step(self, number: int) -> None:
        """Record that the deploy's process was killed in its open step. Raises NotFound, StoreError."""
        with self._database.writing() as connection:
            close_killed_step(connection, find_deploy(connection, number), self._clock())

    def record_commit(self, number: int, commit: str) -> None:
        """Record the commit that the deploy brings. Raises StoreError."""
        with self._database.writing() as connection:
            record_facts(connection, number, commit=commit)

    def go_live(self, number: int, release: int | None, standby: float, sticky_seconds: float = 0.0) -> None:
        """Record that traffic has moved to ``release``, and that the deploy is live.

        ``release`` None: the live release stays. Else the previous one becomes the standby for ``standby`` seconds; it
        is sticky for ``sticky_seconds`` at most, not at all when they are 0. Raises Refused when the deploy cannot
        become live, NotFound, StoreError.
        """
        now = self._clock()
        with self._database.writing() as connection:
            deploy = find_deploy(connection, number)
            before = find_app(connection, deploy.app).live
            if release is not None and before != release:
                until = {"retire_at": now + standby, "sticky_until": now + sticky_seconds if sticky_seconds else None}
                self._hand_over(connection, deploy, before, release, until)
            change_status(connection, deploy, Status.LIVE, live_at=now)

    def record_lost_sessions(self, number: int, visitors: int | None) -> None:
        """Record how many visitors lost their sessions, since the deploy needed a sticky standby's slot.

        None: their number is not known. Raises StoreError.
        """
        with self._database.writing() as connection:
            record_facts(connection, number, visitors_lost=visitors)

    def end(self, number: int, status: Status, reason: str = "") -> None:
        """End a deploy. A live one that has drained, or one that was sent back, keeps its status.

        Raises Refused when the deploy cannot become ``status``, NotFound, StoreError.
        """
        with self._database.writing() as connection:
            now = self._clock()
            close_step(connection, number, _OPEN_STEP.get(status, StepOutcome.FAILED), now)
            deploy = find_deploy(connection, number)
            if deploy.status is status:
                record_facts(connection, number, ended_at=now, reason=reason)
            else:
                change_status(connection, deploy, status, ended_at=now, reason=reason)
        self._wake_worker()

    def send_back(self, number: int, release: int, before: int, reason: str) -> None:
        """Record that ``release``, which the deploy made live, is sent back: the release ``before`` is live again.

        The deploy is rolled back; it ends by ``end`` once its replicas have stopped. Raises Refused when the deploy is
        not live, NotFound, StoreError.
        """
        now = self._clock()
        with self._database.writing() as connection:
            deploy = find_deploy(connection, number)
            connection.execute(update(apps).where(apps.c.name == deploy.app).values(live=before))
            live_again = update(releases).where(releases.c.deploy == before)
            connection.execute(live_again.values(retire_at=None, sticky_until=None, visitors=None))
            connection.execute(update(releases).where(releases.c.deploy == release).values(retired_at=now))
            change_status(connection, deploy, Status.ROLLED_BACK, reason=reason)
            if deploy.rollback_to is not None:
                _roll_back(connection, ended=release, again=before)

    def _hand_over(
        self,
        connection: Connection,
        deploy: Deploy,
        before: int | None,
        release: int,
        until: Mapping[str, float | None],
    ) -> None:
        now = self._clock()
        connection.execute(update(apps).where(apps.c.name == deploy.app).values(live=release))
        live = {"live_at": now, "retire_at": None, "retired_at": None, "sticky_until": None, "visitors": None}
        connection.execute(update(releases).where(releases.c.deploy == release).values(live))
        connection.execute(update(releases).where(releases.c.deploy == before).values(until))
        if deploy.rollback_to is not None and before is not None:
            _roll_back(connection, ended=before, again=release)


def _roll_back(connection: Connection, ended: int, again: int) -> None:
    """Swap the statuses of two deploys after a rollback from the release of ``ended`` to that of ``again``.

    A rollback from a kept image makes a release of its own: ``again`` is the rollback itself then, and stays as it is.
    """
    if (deploy := find_deploy(connection, ended)).status is Status.LIVE:
        change_status(connection, deploy, Status.ROLLED_BACK)
    if (deploy := find_deploy(connection, again)).status is Status.ROLLED_BACK:
        change_status(connection, deploy, Status.LIVE)
