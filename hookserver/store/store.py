"""What the rest of the program asks of the database."""

from __future__ import annotations

import hashlib
import secrets
import socket
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, func, insert, select, update

from hookserver.errors import NotFound, Refused
from hookserver.models import (
    TRANSITIONS,
    App,
    Deploy,
    Lock,
    Push,
    Release,
    Slot,
    StateDir,
    Status,
    Step,
    StepRun,
    Trigger,
)
from hookserver.store.database import Database
from hookserver.store.tables import apps, deliveries, deploys, releases, steps, tokens

MAX_ATTEMPTS = 3
"""How often a deploy is begun again after its worker was killed."""
_DELIVERIES_KEPT = 1000


@dataclass(frozen=True)
class Queued:
    """What became of a push: the deploy it asks for, or the one that the same delivery asked for before."""

    deploy: int
    duplicate: bool = False


@dataclass(frozen=True)
class Token:
    """Who may use the API; ``app`` is empty for all apps."""

    name: str
    app: str
    created_at: float


class Store:
    """Every method is one transaction. Raises StoreError when the database cannot do it, NotFound for unknown names."""

    def __init__(self, state: StateDir, clock: Callable[[], float] = time.time) -> None:
        self._state = state
        self._clock = clock
        self._database = Database(state.database)

    def upgrade(self) -> None:
        """Bring the tables up to date and look whether the file is sound."""
        self._database.upgrade()
        self._database.check()

    def close(self) -> None:
        """Give the file back."""
        self._database.close()

    def is_ready(self) -> None:
        """Raise StoreError when a push could not be stored now."""
        with self._database.writing() as connection:
            connection.execute(select(func.count()).select_from(apps))

    # Apps

    def sync_apps(self, names: Iterable[str]) -> dict[str, int]:
        """Give each named app its row and its lasting number; answer the numbers of all of them."""
        with self._database.writing() as connection:
            numbers = {row.name: row.number for row in connection.execute(select(apps.c.name, apps.c.number))}
            for name in names:
                if name not in numbers:
                    numbers[name] = next(n for n in range(1, len(numbers) + 2) if n not in numbers.values())
                    connection.execute(insert(apps).values(name=name, number=numbers[name]))
        return numbers

    def apps(self) -> list[App]:
        """All apps, by name."""
        with self._database.reading() as connection:
            return [_app(row) for row in connection.execute(select(apps).order_by(apps.c.name))]

    def app(self, name: str) -> App:
        """One app."""
        with self._database.reading() as connection:
            return _find_app(connection, name)

    def saw_tip(self, app: str, tip: str) -> None:
        """Remember the branch's tip, so that the poll neither repeats a failed deploy nor undoes a rollback."""
        with self._database.writing() as connection:
            connection.execute(update(apps).where(apps.c.name == app).values(tip_seen=tip))

    def is_news(self, app: str, tip: str) -> bool:
        """Whether this tip of the branch was never seen, and no deploy that waits will see it; now it has been."""
        coming = exists().where(
            deploys.c.app == app,
            deploys.c.commit == "",
            deploys.c.rollback_to.is_(None),
            deploys.c.status.in_((Status.QUEUED, Status.RUNNING)),
        )
        unseen = update(apps).where(apps.c.name == app, apps.c.tip_seen != tip, ~coming)
        with self._database.writing() as connection:
            return connection.execute(unseen.values(tip_seen=tip)).rowcount > 0

    def lock(self, app: str, reason: str, by: str) -> None:
        """Let the app's pushes wait. Raises Refused when it is locked already."""
        with self._database.writing() as connection:
            lock = _find_app(connection, app).lock
            if lock:
                raise Refused(f"{app} is locked by {lock.by}: {lock.reason}", f"First `hookserver unlock {app}`.")
            values = {"lock_reason": reason, "lock_by": by, "lock_at": self._clock()}
            connection.execute(update(apps).where(apps.c.name == app).values(values))

    def unlock(self, app: str) -> None:
        """Let the app's pushes go on."""
        with self._database.writing() as connection:
            _find_app(connection, app)
            values = {"lock_reason": None, "lock_by": None, "lock_at": None}
            connection.execute(update(apps).where(apps.c.name == app).values(values))
        self._ring()

    # Pushes and the queue

    def enqueue(self, push: Push) -> Queued:
        """Store a push; durable when this returns. The app's waiting push, if any, becomes superseded by it."""
        with self._database.writing() as connection:
            _find_app(connection, push.app)
            if push.delivery:
                again = select(deliveries.c.deploy).where(
                    deliveries.c.app == push.app, deliveries.c.delivery == push.delivery
                )
                known = connection.execute(again).scalar()
                if known is not None:
                    return Queued(known, duplicate=True)
            number = self._insert(connection, push)
        self._ring()
        return Queued(number)

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
            under_way = exists().where(
                other.c.app == deploys.c.app, other.c.started_at.is_not(None), other.c.ended_at.is_(None)
            )
            waiting = (
                select(deploys.c.number, deploys.c.app)
                .join(apps, apps.c.name == deploys.c.app)
                .where(
                    deploys.c.status == Status.QUEUED, apps.c.lock_at.is_(None), apps.c.name.not_in(busy), ~under_way
                )
                .order_by(apps.c.served, deploys.c.number)
            )
            row = connection.execute(waiting).first()
            if row is None:
                return None
            served = select(func.max(apps.c.served) + 1).scalar_subquery()
            connection.execute(update(apps).where(apps.c.name == row.app).values(served=served))
            self._move(
                connection,
                row.number,
                Status.RUNNING,
                started_at=self._clock(),
                attempt=deploys.c.attempt + 1,
                step=None,
            )
            return _find_deploy(connection, row.number)

    def cancel(self, number: int) -> Deploy:
        """Cancel a waiting deploy at once, mark a running one for the worker. Raises Refused when it is over."""
        with self._database.writing() as connection:
            deploy = _find_deploy(connection, number)
            if deploy.status is Status.QUEUED:
                self._move(
                    connection, number, Status.CANCELLED, ended_at=self._clock(), reason="cancelled while it waited"
                )
            elif deploy.status is Status.RUNNING:
                connection.execute(update(deploys).where(deploys.c.number == number).values(cancel_asked=True))
            else:
                raise Refused(
                    f"deploy {number} is over: it is {deploy.status}", "Only a queued or running deploy ends."
                )
            deploy = _find_deploy(connection, number)
        self._ring()
        return deploy

    def under_way(self) -> list[Deploy]:
        """Deploys that were begun and have not ended: running, or live and still draining."""
        with self._database.reading() as connection:
            begun = select(deploys).where(deploys.c.started_at.is_not(None), deploys.c.ended_at.is_(None))
            return [_deploy(row) for row in connection.execute(begun)]

    # A deploy's life

    def deploy(self, number: int) -> Deploy:
        """One deploy."""
        with self._database.reading() as connection:
            return _find_deploy(connection, number)

    def deploys(self, app: str | None = None, limit: int = 20) -> list[Deploy]:
        """Newest first."""
        query = select(deploys).order_by(deploys.c.number.desc()).limit(limit)
        with self._database.reading() as connection:
            if app is not None:
                _find_app(connection, app)
                query = query.where(deploys.c.app == app)
            return [_deploy(row) for row in connection.execute(query)]

    def steps(self, number: int) -> list[StepRun]:
        """The steps of a deploy's last attempt, in order."""
        attempt = select(func.max(steps.c.attempt)).where(steps.c.deploy == number).scalar_subquery()
        query = select(steps).where(steps.c.deploy == number, steps.c.attempt == attempt).order_by(steps.c.started_at)
        with self._database.reading() as connection:
            return [StepRun(Step(row.step), row.started_at, row.ended_at) for row in connection.execute(query)]

    def begin_step(self, deploy: Deploy, step: Step) -> None:
        """A step begins; the one before has ended."""
        now = self._clock()
        with self._database.writing() as connection:
            self._end_steps(connection, deploy.number, now)
            values = {"deploy": deploy.number, "attempt": deploy.attempt, "step": step, "started_at": now}
            connection.execute(insert(steps).values(values))
            connection.execute(update(deploys).where(deploys.c.number == deploy.number).values(step=step))

    def found_commit(self, number: int, commit: str) -> None:
        """The fetch has told which commit this deploy is of."""
        with self._database.writing() as connection:
            connection.execute(update(deploys).where(deploys.c.number == number).values(commit=commit))

    def go_live(self, number: int, release: int | None, standby: float) -> None:
        """The switch has been made: ``release`` serves (None: the one that served goes on), the deploy is live.

        The release that served before becomes the standby for ``standby`` seconds.
        """
        now = self._clock()
        with self._database.writing() as connection:
            deploy = _find_deploy(connection, number)
            before = _find_app(connection, deploy.app).live
            if release is not None and before != release:
                self._hand_over(connection, deploy, before, release, now + standby)
            self._move(connection, number, Status.LIVE, live_at=now)

    def end(self, number: int, status: Status, reason: str = "") -> None:
        """The deploy is over. A live one that has drained keeps its status."""
        with self._database.writing() as connection:
            now = self._clock()
            self._end_steps(connection, number, now)
            if _find_deploy(connection, number).status is not status:
                self._move(connection, number, status, ended_at=now, reason=reason)
            else:
                connection.execute(
                    update(deploys).where(deploys.c.number == number).values(ended_at=now, reason=reason)
                )
        self._ring()

    def send_back(self, number: int, release: int, before: int, reason: str) -> None:
        """What went live was sent back at once: the deploy is rolled back, the release ``before`` serves again."""
        now = self._clock()
        with self._database.writing() as connection:
            deploy = _find_deploy(connection, number)
            connection.execute(update(apps).where(apps.c.name == deploy.app).values(live=before))
            connection.execute(update(releases).where(releases.c.deploy == before).values(retire_at=None))
            connection.execute(update(releases).where(releases.c.deploy == release).values(retired_at=now))
            self._end_steps(connection, number, now)
            self._move(connection, number, Status.ROLLED_BACK, ended_at=now, reason=reason)
        self._ring()

    def requeue(self, number: int) -> Status:
        """A deploy whose worker was killed waits again, or is superseded by a newer one, or fails the third time."""
        with self._database.writing() as connection:
            deploy = _find_deploy(connection, number)
            newer = select(deploys.c.number).where(deploys.c.app == deploy.app, deploys.c.status == Status.QUEUED)
            waiting = connection.execute(newer).scalar()
            over: dict[str, Any] = {"ended_at": self._clock()}
            if deploy.cancel_asked:
                status, values = Status.CANCELLED, over | {"reason": "cancelled"}
            elif waiting is not None:
                status, values = Status.SUPERSEDED, over | {"superseded_by": waiting}
            elif deploy.attempt >= MAX_ATTEMPTS:
                why = f"the worker was killed in each of {MAX_ATTEMPTS} attempts, last in step {deploy.step or 'fetch'}"
                status, values = Status.FAILED, over | {"reason": why}
            else:
                status, values = Status.QUEUED, {"started_at": None, "step": None}
            self._move(connection, number, status, **values)
            return status

    # Releases

    def add_release(self, release: Release) -> None:
        """What a deploy made, before it serves."""
        values = {
            "deploy": release.deploy,
            "app": release.app,
            "commit": release.commit,
            "image": release.image,
            "slot": release.slot,
        }
        with self._database.writing() as connection:
            connection.execute(delete(releases).where(releases.c.deploy == release.deploy))
            connection.execute(insert(releases).values(values))

    def drop_release(self, deploy: int) -> None:
        """Forget a release that never served."""
        with self._database.writing() as connection:
            connection.execute(delete(releases).where(releases.c.deploy == deploy, releases.c.live_at.is_(None)))

    def release(self, deploy: int) -> Release | None:
        """What this deploy made, if anything."""
        with self._database.reading() as connection:
            row = connection.execute(select(releases).where(releases.c.deploy == deploy)).first()
            return _release(row) if row else None

    def releases(self, app: str) -> list[Release]:
        """The releases that served once, newest first."""
        query = select(releases).where(releases.c.app == app, releases.c.live_at.is_not(None))
        with self._database.reading() as connection:
            return [_release(row) for row in connection.execute(query.order_by(releases.c.deploy.desc()))]

    def rollback_target(self, app: str, to: int | None = None) -> Release:
        """The release a rollback goes to: the one made by deploy ``to``, else the one before what is live.

        Raises NotFound when there is none, Refused when it is the live one.
        """
        served = self.releases(app)
        live = self.app(app).live
        if to is None:
            origin = live if live is None else self._origin(live)
            earlier = [
                r for r in served if origin is not None and r.deploy < origin and not self.deploy(r.deploy).rollback_to
            ]
            if not earlier:
                raise NotFound(f"{app} has no earlier release", "Name one of `hookserver history` with --to.")
            return earlier[0]
        if to == live:
            raise Refused(f"the release of deploy {to} is live already", "Name an earlier one with --to.")
        for release in served:
            if release.deploy == to:
                return release
        raise NotFound(f"deploy {to} of {app} made no release that served", f"See `hookserver history {app}`.")

    def retired(self, deploy: int) -> None:
        """The release's replicas have been stopped and removed."""
        with self._database.writing() as connection:
            values = {"retired_at": self._clock(), "retire_at": None}
            connection.execute(update(releases).where(releases.c.deploy == deploy).values(values))

    def standbys(self) -> list[Release]:
        """The releases that wait for their retirement, the next to retire first."""
        query = select(releases).where(releases.c.retire_at.is_not(None), releases.c.retired_at.is_(None))
        with self._database.reading() as connection:
            return [_release(row) for row in connection.execute(query.order_by(releases.c.retire_at))]

    def shift_retirements(self, seconds: float) -> None:
        """The wall clock jumped: what was to be retired in ten minutes still is."""
        with self._database.writing() as connection:
            waiting = update(releases).where(releases.c.retire_at.is_not(None))
            connection.execute(waiting.values(retire_at=releases.c.retire_at + seconds))

    # Tokens

    def create_token(self, name: str, app: str = "") -> str:
        """A new API token, shown this once; a token of the same name is replaced."""
        text = f"hs_{secrets.token_urlsafe(30)}"
        with self._database.writing() as connection:
            connection.execute(delete(tokens).where(tokens.c.name == name))
            values = {"name": name, "app": app, "hash": _hash(text), "created_at": self._clock()}
            connection.execute(insert(tokens).values(values))
        return text

    def token_name(self, token: str, app: str) -> str | None:
        """Whose valid token this is, for that app; None: it is not valid there."""
        query = select(tokens.c.name).where(tokens.c.hash == _hash(token), tokens.c.app.in_(("", app)))
        with self._database.reading() as connection:
            name: str | None = connection.execute(query).scalar()
            return name

    def tokens(self) -> list[Token]:
        """All tokens, without their text."""
        with self._database.reading() as connection:
            rows = connection.execute(select(tokens).order_by(tokens.c.name))
            return [Token(row.name, row.app, row.created_at) for row in rows]

    def revoke_token(self, name: str) -> None:
        """The token is valid no more."""
        with self._database.writing() as connection:
            if not connection.execute(delete(tokens).where(tokens.c.name == name)).rowcount:
                raise NotFound(f"there is no token {name!r}", "See `hookserver token list`.")

    # Inside a transaction

    def _insert(self, connection: Connection, push: Push) -> int:
        waiting = select(deploys.c.number).where(deploys.c.app == push.app, deploys.c.status == Status.QUEUED)
        replaced = connection.execute(waiting).scalar()
        if replaced is not None:
            self._move(connection, replaced, Status.SUPERSEDED, ended_at=self._clock())
        values = {
            "app": push.app,
            "status": Status.QUEUED,
            "trigger": push.trigger,
            "commit": push.commit,
            "rebuild": push.rebuild,
            "rollback_to": push.rollback_to,
            "by": push.by,
            "queued_at": self._clock(),
        }
        number: int = connection.execute(insert(deploys).values(values).returning(deploys.c.number)).scalar_one()
        if replaced is not None:
            connection.execute(update(deploys).where(deploys.c.number == replaced).values(superseded_by=number))
        if push.delivery:
            connection.execute(insert(deliveries).values(app=push.app, delivery=push.delivery, deploy=number))
            old = delete(deliveries).where(
                deliveries.c.app == push.app, deliveries.c.deploy < number - _DELIVERIES_KEPT
            )
            connection.execute(old)
        return number

    def _hand_over(
        self, connection: Connection, deploy: Deploy, before: int | None, release: int, retire_at: float
    ) -> None:
        now = self._clock()
        connection.execute(update(apps).where(apps.c.name == deploy.app).values(live=release))
        serving = {"live_at": func.coalesce(releases.c.live_at, now), "retire_at": None, "retired_at": None}
        connection.execute(update(releases).where(releases.c.deploy == release).values(serving))
        connection.execute(update(releases).where(releases.c.deploy == before).values(retire_at=retire_at))
        if deploy.rollback_to is not None and before is not None:
            back = update(deploys).where(deploys.c.number == before, deploys.c.status == Status.LIVE)
            connection.execute(back.values(status=Status.ROLLED_BACK))
            again = update(deploys).where(deploys.c.number == release, deploys.c.status == Status.ROLLED_BACK)
            connection.execute(again.values(status=Status.LIVE))

    def _move(self, connection: Connection, number: int, status: Status, **values: Any) -> None:
        allowed = [before for before, after in TRANSITIONS.items() if status in after]
        moving = update(deploys).where(deploys.c.number == number, deploys.c.status.in_(allowed))
        if not connection.execute(moving.values(status=status, **values)).rowcount:
            deploy = _find_deploy(connection, number)
            raise Refused(f"deploy {number} is {deploy.status} and cannot become {status}", "Someone was quicker.")

    def _end_steps(self, connection: Connection, number: int, now: float) -> None:
        open_steps = update(steps).where(steps.c.deploy == number, steps.c.ended_at.is_(None))
        connection.execute(open_steps.values(ended_at=now))

    def _origin(self, number: int) -> int:
        """The deploy that a release was first made by: a rollback by image makes a copy."""
        back_to = self.deploy(number).rollback_to
        return number if back_to is None else self._origin(back_to)

    def _ring(self) -> None:
        """Wake the worker; when it is not there, it looks at the queue by itself as soon as it is."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bell:
            bell.setblocking(False)
            try:
                bell.sendto(b"!", str(self._state.wakeup_socket))
            except OSError:
                return


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _find_app(connection: Connection, name: str) -> App:
    row = connection.execute(select(apps).where(apps.c.name == name)).first()
    if row is None:
        raise NotFound(f"there is no app {name!r}", "The settings file names the apps as [apps.<name>].")
    return _app(row)


def _find_deploy(connection: Connection, number: int) -> Deploy:
    row = connection.execute(select(deploys).where(deploys.c.number == number)).first()
    if row is None:
        raise NotFound(f"there is no deploy {number}", "See `hookserver history`.")
    return _deploy(row)


def _app(row: Row[Any]) -> App:
    lock = Lock(row.lock_reason, row.lock_by, row.lock_at) if row.lock_at is not None else None
    return App(row.name, row.number, row.live, row.tip_seen, lock)


def _deploy(row: Row[Any]) -> Deploy:
    values = dict(row._mapping)  # SQLAlchemy's public name for it
    values |= {
        "status": Status(row.status),
        "trigger": Trigger(row.trigger),
        "step": Step(row.step) if row.step else None,
    }
    return Deploy(**values)


def _release(row: Row[Any]) -> Release:
    return Release(row.deploy, row.app, row.commit, row.image, Slot(row.slot), row.retire_at, row.retired_at)
