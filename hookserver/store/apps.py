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
"""An app with this number or a lower one has no place on the container network any more."""


class Apps(StoreBase):
    """The part of the store about apps."""

    def sync_apps(self, names: Iterable[str]) -> dict[str, int]:
        """Create a row with a fixed number for each named app; return the numbers of all apps.

        The network has room for a limited count of numbers. An app that is not named and has only history left loses
        its number to the next app that needs one. Raises StoreError.
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
        """All apps, sorted by name. Raises StoreError."""
        with self._database.reading() as connection:
            return [to_app(row) for row in connection.execute(select(apps).order_by(apps.c.name))]

    def app(self, name: str) -> App:
        """The app with this name. Raises NotFound, StoreError."""
        with self._database.reading() as connection:
            return find_app(connection, name)

    def record_tip(self, app: str, tip: str) -> None:
        """Record the branch's tip, so that no poll repeats a failed deploy or undoes a rollback. Raises StoreError."""
        with self._database.writing() as connection:
            connection.execute(update(apps).where(apps.c.name == app).values(tip_seen=tip))

    def lock(self, app: str, reason: str, by: str) -> None:
        """Lock the app: its pushes wait for the unlock. Raises AppLocked when it is locked, NotFound, StoreError."""
        with self._database.writing() as connection:
            _refuse_if_locked(find_app(connection, app))
            values = {"lock_reason": reason, "lock_by": by, "lock_at": self._clock()}
            connection.execute(update(apps).where(apps.c.name == app).values(values))

    def refuse_if_locked(self, app: str) -> None:
        """Raise AppLocked when the app is locked, NotFound for an unknown app, StoreError."""
        _refuse_if_locked(self.app(app))

    def unlock(self, app: str) -> None:
        """Unlock the app: its waiting push is deployed. Raises NotFound, StoreError."""
        with self._database.writing() as connection:
            find_app(connection, app)
            values = {"lock_reason": None, "lock_by": None, "lock_at": None}
            connection.execute(update(apps).where(apps.c.name == app).values(values))
        self._wake_worker()


def _refuse_if_locked(app: App) -> None:
    if app.lock:
        raise AppLocked(app.name, app.lock.by, app.lock.reason)


def _with_more_than_history(connection: Connection) -> set[str]:
    """The apps that are live, have a standby, or have a deploy that waits or runs."""
    live = select(apps.c.name).where(apps.c.live.is_not(None))
    running = select(releases.c.app).where(releases.c.retired_at.is_(None))
    in_progress = select(deploys.c.app).where(deploys.c.status.in_((Status.QUEUED, Status.RUNNING)))
    return {name for query in (live, running, in_progress) for name in connection.execute(query).scalars()}


def _give_number(connection: Connection, name: str, numbers: dict[str, int], kept: set[str]) -> dict[str, int]:
    """Give ``name`` the lowest number that no ``kept`` app has; return the numbers that changed, by app."""
    taken = {numbers[app] for app in kept if app in numbers}
    number = next(n for n in range(1, len(taken) + 2) if n not in taken)
    # Numbers are unique, so an app without a place gets a negative one.
    changed = {app: min(_NO_PLACE, *numbers.values()) - 1 for app in numbers if numbers[app] == number}
    for app, moved in changed.items():
        connection.execute(update(apps).where(apps.c.name == app).values(number=moved))
    if name in numbers:
        connection.execute(update(apps).where(apps.c.name == name).values(number=number))
    else:
        connection.execute(insert(apps).values(name=name, number=number))
    return {**changed, name: number}
