"""The apps: their numbers, tips and locks."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, insert, select, update

from hookserver.errors import AppLocked
from hookserver.models import App, Status
from hookserver.store.base import StoreBase
from hookserver.store.rows import find_app, to_app
from hookserver.store.tables import apps, deploys, releases

_NO_PLACE = 0
"""Numbers from here down are of apps that have lost their place on the container network."""


class Apps(StoreBase):
    """The part of the store about apps."""

    def sync_apps(self, names: Iterable[str]) -> dict[str, int]:
        """Give each named app its row and its lasting number; answer the numbers of all of them.

        There is room for so many numbers only: that of an app which is not named, and of which nothing is left but
        history, goes to the next one that needs a number.
        """
        named = [*names]
        with self._database.writing() as connection:
            numbers = {row.name: row.number for row in connection.execute(select(apps.c.name, apps.c.number))}
            for name in named:
                if numbers.get(name, _NO_PLACE) <= _NO_PLACE:
                    kept = {*named, *_with_more_than_history(connection)}
                    numbers |= _give_number(connection, name, numbers, kept)
        return numbers

    def apps(self) -> list[App]:
        """All apps, by name."""
        with self._database.reading() as connection:
            return [to_app(row) for row in connection.execute(select(apps).order_by(apps.c.name))]

    def app(self, name: str) -> App:
        """One app."""
        with self._database.reading() as connection:
            return find_app(connection, name)

    def record_tip(self, app: str, tip: str) -> None:
        """Remember the branch's tip, so that the poll neither repeats a failed deploy nor undoes a rollback."""
        with self._database.writing() as connection:
            connection.execute(update(apps).where(apps.c.name == app).values(tip_seen=tip))

    def lock(self, app: str, reason: str, by: str) -> None:
        """Let the app's pushes wait. Raises AppLocked when it is locked already, NotFound for an unknown app."""
        with self._database.writing() as connection:
            _refuse_if_locked(find_app(connection, app))
            values = {"lock_reason": reason, "lock_by": by, "lock_at": self._clock()}
            connection.execute(update(apps).where(apps.c.name == app).values(values))

    def refuse_if_locked(self, app: str) -> None:
        """Raises AppLocked when the app is locked, NotFound when there is no such app."""
        _refuse_if_locked(self.app(app))

    def unlock(self, app: str) -> None:
        """Let the app's pushes go on."""
        with self._database.writing() as connection:
            find_app(connection, app)
            values = {"lock_reason": None, "lock_by": None, "lock_at": None}
            connection.execute(update(apps).where(apps.c.name == app).values(values))
        self._wake_worker()


def _refuse_if_locked(app: App) -> None:
    if app.lock:
        raise AppLocked(app.name, app.lock.by, app.lock.reason)


def _with_more_than_history(connection: Connection) -> set[str]:
    """The apps of which something serves, stands by, runs or waits."""
    serving = select(apps.c.name).where(apps.c.live.is_not(None))
    running = select(releases.c.app).where(releases.c.retired_at.is_(None))
    in_progress = select(deploys.c.app).where(deploys.c.status.in_((Status.QUEUED, Status.RUNNING)))
    return {name for query in (serving, running, in_progress) for name in connection.execute(query).scalars()}


def _give_number(connection: Connection, name: str, numbers: dict[str, int], kept: set[str]) -> dict[str, int]:
    """The lowest number that is free, or of an app that is not ``kept``; what has changed of the numbers."""
    taken = {numbers[app] for app in kept if app in numbers}
    number = next(n for n in range(1, len(taken) + 2) if n not in taken)
    changed = {app: min(_NO_PLACE, *numbers.values()) - 1 for app in numbers if numbers[app] == number}
    for app, moved in changed.items():
        connection.execute(update(apps).where(apps.c.name == app).values(number=moved))
    if name in numbers:
        connection.execute(update(apps).where(apps.c.name == name).values(number=number))
    else:
        connection.execute(insert(apps).values(name=name, number=number))
    return {**changed, name: number}
