"""The apps: their numbers, tips and locks."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import insert, select, update

from hookserver.errors import Refused
from hookserver.models import App
from hookserver.store.base import Tables
from hookserver.store.rows import find_app, to_app
from hookserver.store.tables import apps


class Apps:
    """The part of the store about apps."""

    _tables: Tables

    def sync_apps(self, names: Iterable[str]) -> dict[str, int]:
        """Give each named app its row and its lasting number; answer the numbers of all of them."""
        with self._tables.database.writing() as connection:
            numbers = {row.name: row.number for row in connection.execute(select(apps.c.name, apps.c.number))}
            for name in names:
                if name not in numbers:
                    numbers[name] = next(n for n in range(1, len(numbers) + 2) if n not in numbers.values())
                    connection.execute(insert(apps).values(name=name, number=numbers[name]))
        return numbers

    def apps(self) -> list[App]:
        """All apps, by name."""
        with self._tables.database.reading() as connection:
            return [to_app(row) for row in connection.execute(select(apps).order_by(apps.c.name))]

    def app(self, name: str) -> App:
        """One app."""
        with self._tables.database.reading() as connection:
            return find_app(connection, name)

    def saw_tip(self, app: str, tip: str) -> None:
        """Remember the branch's tip, so that the poll neither repeats a failed deploy nor undoes a rollback."""
        with self._tables.database.writing() as connection:
            connection.execute(update(apps).where(apps.c.name == app).values(tip_seen=tip))

    def lock(self, app: str, reason: str, by: str) -> None:
        """Let the app's pushes wait. Raises Refused when it is locked already."""
        with self._tables.database.writing() as connection:
            lock = find_app(connection, app).lock
            if lock:
                raise Refused(f"{app} is locked by {lock.by}: {lock.reason}", f"First `hookserver unlock {app}`.")
            values = {"lock_reason": reason, "lock_by": by, "lock_at": self._tables.clock()}
            connection.execute(update(apps).where(apps.c.name == app).values(values))

    def unlock(self, app: str) -> None:
        """Let the app's pushes go on."""
        with self._tables.database.writing() as connection:
            find_app(connection, app)
            values = {"lock_reason": None, "lock_by": None, "lock_at": None}
            connection.execute(update(apps).where(apps.c.name == app).values(values))
        self._tables.ring()
