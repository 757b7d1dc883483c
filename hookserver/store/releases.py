"""The releases: the live one, the standby, and those that a rollback can go to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from hookserver.errors import NotFound, Refused
from hookserver.models import Release, Slot, Status, Trigger
from hookserver.store.base import StoreBase
from hookserver.store.rows import find_app, to_release
from hookserver.store.tables import apps, deploys, releases


class Releases(StoreBase):
    """The part of the store about releases."""

    def add_release(self, release: Release) -> None:
        """Store what a deploy made, before it goes live; it replaces what the deploy made before. Raises StoreError."""
        values = {
            "deploy": release.deploy,
            "app": release.app,
            "commit": release.commit,
            "image": release.image,
            "slot": release.slot,
            "replicas": release.replicas,
            "settings": json.dumps(dict(release.settings)),
        }
        with self._database.writing() as connection:
            connection.execute(delete(releases).where(releases.c.deploy == release.deploy))
            connection.execute(insert(releases).values(values))

    def drop_release(self, deploy: int) -> None:
        """Delete the release of a deploy, unless it was live once. Raises StoreError."""
        with self._database.writing() as connection:
            connection.execute(delete(releases).where(releases.c.deploy == deploy, releases.c.live_at.is_(None)))

    def release(self, deploy: int) -> Release | None:
        """The release that the deploy made; None when it made none. Raises StoreError."""
        with self._database.reading() as connection:
            row = connection.execute(select(releases).where(releases.c.deploy == deploy)).first()
            return to_release(row) if row else None

    def live_release(self, app: str) -> Release | None:
        """The app's live release; None when it has none. Raises NotFound for an unknown app, StoreError."""
        with self._database.reading() as connection:
            live = select(releases).where(releases.c.deploy == find_app(connection, app).live)
            row = connection.execute(live).first()
            return to_release(row) if row else None

    def live_releases(self) -> dict[str, Release]:
        """The live releases, by app. Raises StoreError."""
        query = select(releases).join(apps, apps.c.live == releases.c.deploy)
        with self._database.reading() as connection:
            return {row.app: to_release(row) for row in connection.execute(query)}

    def releases(self, app: str) -> list[Release]:
        """The app's releases that are live, or were, newest first. Raises StoreError."""
        query = select(releases).where(releases.c.app == app, releases.c.live_at.is_not(None))
        with self._database.reading() as connection:
            return [to_release(row) for row in connection.execute(query.order_by(releases.c.deploy.desc()))]

    def running_releases(self, app: str) -> list[Release]:
        """The app's live release and its standby, newest first. Raises StoreError."""
        query = select(releases).where(
            releases.c.app == app, releases.c.retired_at.is_(None), releases.c.live_at.is_not(None)
        )
        with self._database.reading() as connection:
            return [to_release(row) for row in connection.execute(query.order_by(releases.c.deploy.desc()))]

    def replicas(self) -> dict[str, dict[Slot, int]]:
        """The number of replicas per app and slot, of releases that run or are about to. Raises StoreError."""
        query = select(releases).where(releases.c.retired_at.is_(None)).order_by(releases.c.app, releases.c.deploy)
        replicas: dict[str, dict[Slot, int]] = {}
        with self._database.reading() as connection:
            for row in connection.execute(query):
                replicas.setdefault(row.app, {})[Slot(row.slot)] = row.replicas
        return replicas

    def rollback_target(self, app: str, to: int | None = None) -> Release:
        """The release that a rollback goes to: the one that deploy ``to`` made, else the one before the live one.

        Raises NotFound when there is none, Refused when it is the live one, StoreError.
        """
        made = (
            select(releases, deploys.c.rollback_to, deploys.c.status, deploys.c.trigger)
            .join(deploys, deploys.c.number == releases.c.deploy)
            .where(releases.c.app == app, releases.c.live_at.is_not(None))
            .order_by(releases.c.deploy.desc())
        )
        with self._database.reading() as connection:
            live = find_app(connection, app).live
            rows = list(connection.execute(made))
        if to is not None and to == live:
            raise Refused(f"the release of deploy {to} is live already", "Name another deploy with --to.")
        copies = {row.deploy: row.rollback_to for row in rows if row.rollback_to is not None} | _made_by_settings(rows)
        if to is None and (standby := _standby_of(live, rows)):
            targets = [standby]
        elif to is None:
            targets = [row for row in rows if live is not None and row.deploy < _origin(live, copies)]
            targets = [row for row in targets if row.deploy not in copies and row.status != Status.ROLLED_BACK]
        else:
            targets = [row for row in rows if row.deploy == to]
        if not targets:
            problem = f"deploy {to} of {app} made no release that was live" if to else f"{app} has no earlier release"
            raise NotFound(problem, f"See `hookserver history {app}`, then name a deploy with --to.")
        return to_release(targets[0])

    def keep_standby(self, app: str, seconds: float) -> None:
        """Keep the app's standby for ``seconds`` at least, from now on. Raises StoreError."""
        until = self._clock() + seconds
        soon = update(releases).where(releases.c.app == app, releases.c.retire_at < until)
        with self._database.writing() as connection:
            connection.execute(soon.values(retire_at=until))

    def record_visitors(self, deploy: int, retire_at: float, visitors: int | None) -> None:
        """Record how many visitors a sticky standby has (None: not known), and when it is therefore to be retired.

        Nothing is recorded of a standby that is no longer sticky. Raises StoreError.
        """
        with self._database.writing() as connection:
            sticky = update(releases).where(releases.c.deploy == deploy, releases.c.sticky_until.is_not(None))
            connection.execute(sticky.values(retire_at=retire_at, visitors=visitors))

    def end_sticky(self, deploy: int) -> None:
        """Record that the standby no longer serves the visitors whose sessions it holds. Raises StoreError."""
        with self._database.writing() as connection:
            values = {"sticky_until": None, "visitors": None}
            connection.execute(update(releases).where(releases.c.deploy == deploy).values(values))

    def record_retired(self, deploy: int) -> None:
        """Record that the release no longer runs: no rollback goes to its replicas. Raises StoreError."""
        with self._database.writing() as connection:
            values = {"retired_at": self._clock(), "retire_at": None, "sticky_until": None, "visitors": None}
            connection.execute(update(releases).where(releases.c.deploy == deploy).values(values))

    def standbys(self) -> list[Release]:
        """The releases that are to be retired, the next one first. Raises StoreError."""
        query = select(releases).where(releases.c.retire_at.is_not(None), releases.c.retired_at.is_(None))
        with self._database.reading() as connection:
            return [to_release(row) for row in connection.execute(query.order_by(releases.c.retire_at))]

    def shift_retirements(self, seconds: float) -> None:
        """Move every planned retirement by ``seconds``, as the wall clock was. Raises StoreError."""
        with self._database.writing() as connection:
            waiting = update(releases).where(releases.c.retire_at.is_not(None))
            moved = {"retire_at": releases.c.retire_at + seconds, "sticky_until": releases.c.sticky_until + seconds}
            connection.execute(waiting.values(moved))


def _made_by_settings(rows: Sequence[Row[Any]]) -> dict[int, int]:
    """By release that new settings made: the release of the same commit before it. ``rows`` are newest first."""
    copies = [(place, row) for place, row in enumerate(rows) if row.trigger == Trigger.SETTINGS]
    earlier = {row.deploy: [old for old in rows[place + 1 :] if old.commit == row.commit] for place, row in copies}
    return {deploy: olds[0].deploy for deploy, olds in earlier.items() if olds}


def _standby_of(live: int | None, rows: Sequence[Row[Any]]) -> Row[Any] | None:
    """The standby that was live until new settings made the live release; None when there is none."""
    live_row = next((row for row in rows if row.deploy == live), None)
    if live_row is None or live_row.trigger != Trigger.SETTINGS:
        return None
    return next((row for row in rows if row.retire_at is not None and row.retired_at is None), None)


def _origin(deploy: int, copies: Mapping[int, int]) -> int:
    """The deploy that made a release first: a rollback to a kept image, or new settings, copy a release."""
    while deploy in copies:
        deploy = copies[deploy]
    return deploy
