"""The releases: what serves, what stands by, what a rollback can go to."""

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
        """What a deploy made, before it serves."""
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
        """Forget a release that never served."""
        with self._database.writing() as connection:
            connection.execute(delete(releases).where(releases.c.deploy == deploy, releases.c.live_at.is_(None)))

    def release(self, deploy: int) -> Release | None:
        """What this deploy made, if anything."""
        with self._database.reading() as connection:
            row = connection.execute(select(releases).where(releases.c.deploy == deploy)).first()
            return to_release(row) if row else None

    def live_release(self, app: str) -> Release | None:
        """What serves; None: nothing has gone live yet."""
        with self._database.reading() as connection:
            live = select(releases).where(releases.c.deploy == find_app(connection, app).live)
            row = connection.execute(live).first()
            return to_release(row) if row else None

    def live_releases(self) -> dict[str, Release]:
        """What serves, by app."""
        query = select(releases).join(apps, apps.c.live == releases.c.deploy)
        with self._database.reading() as connection:
            return {row.app: to_release(row) for row in connection.execute(query)}

    def releases(self, app: str) -> list[Release]:
        """The releases that served once, newest first."""
        query = select(releases).where(releases.c.app == app, releases.c.live_at.is_not(None))
        with self._database.reading() as connection:
            return [to_release(row) for row in connection.execute(query.order_by(releases.c.deploy.desc()))]

    def replicas(self) -> dict[str, dict[Slot, int]]:
        """How many replicas each app's slots have, where a release is that runs, or is about to."""
        query = select(releases).where(releases.c.retired_at.is_(None)).order_by(releases.c.deploy)
        found: dict[str, dict[Slot, int]] = {}
        with self._database.reading() as connection:
            for row in connection.execute(query):
                found.setdefault(row.app, {})[Slot(row.slot)] = row.replicas
        return found

    def rollback_target(self, app: str, to: int | None = None) -> Release:
        """The release a rollback goes to: the one made by deploy ``to``, else the one before what is live.

        Raises NotFound when there is none, Refused when it is the live one.
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
            raise Refused(f"the release of deploy {to} is live already", "Name an earlier one with --to.")
        copies = {row.deploy: row.rollback_to for row in rows if row.rollback_to is not None} | _resettled(rows)
        if to is None and (standby := _standby_of(live, rows)):
            found = [standby]
        elif to is None:
            found = [row for row in rows if live is not None and row.deploy < _origin(live, copies)]
            found = [row for row in found if row.deploy not in copies and row.status != Status.ROLLED_BACK]
        else:
            found = [row for row in rows if row.deploy == to]
        if not found:
            wanted = f"deploy {to} of {app} made no release that served" if to else f"{app} has no earlier release"
            raise NotFound(wanted, f"`hookserver history {app}` shows what there is; name one with --to.")
        return to_release(found[0])

    def keep_standby(self, app: str, seconds: float) -> None:
        """The app's standby is retired in ``seconds`` at the earliest."""
        until = self._clock() + seconds
        soon = update(releases).where(releases.c.app == app, releases.c.retire_at < until)
        with self._database.writing() as connection:
            connection.execute(soon.values(retire_at=until))

    def record_visitors(self, deploy: int, retire_at: float, visitors: int | None) -> None:
        """What was seen of who goes on with a held standby: how many are active, and when it is retired for that."""
        with self._database.writing() as connection:
            held = update(releases).where(releases.c.deploy == deploy, releases.c.sticky_until.is_not(None))
            connection.execute(held.values(retire_at=retire_at, visitors=visitors))

    def end_sticky(self, deploy: int) -> None:
        """The release is held no more."""
        with self._database.writing() as connection:
            values = {"sticky_until": None, "visitors": None}
            connection.execute(update(releases).where(releases.c.deploy == deploy).values(values))

    def retired(self, deploy: int) -> None:
        """The release's replicas have been stopped and removed."""
        with self._database.writing() as connection:
            values = {"retired_at": self._clock(), "retire_at": None, "sticky_until": None, "visitors": None}
            connection.execute(update(releases).where(releases.c.deploy == deploy).values(values))

    def standbys(self) -> list[Release]:
        """The releases that wait for their retirement, the next to retire first."""
        query = select(releases).where(releases.c.retire_at.is_not(None), releases.c.retired_at.is_(None))
        with self._database.reading() as connection:
            return [to_release(row) for row in connection.execute(query.order_by(releases.c.retire_at))]

    def shift_retirements(self, seconds: float) -> None:
        """The wall clock jumped: what was to be retired in ten minutes still is."""
        with self._database.writing() as connection:
            waiting = update(releases).where(releases.c.retire_at.is_not(None))
            moved = {"retire_at": releases.c.retire_at + seconds, "sticky_until": releases.c.sticky_until + seconds}
            connection.execute(waiting.values(moved))


def _resettled(rows: Sequence[Row[Any]]) -> dict[int, int]:
    """Releases that new settings made → the release of the same commit that they were made from; newest first."""
    settings = [(place, row) for place, row in enumerate(rows) if row.trigger == Trigger.SETTINGS]
    before = {row.deploy: [old for old in rows[place + 1 :] if old.commit == row.commit] for place, row in settings}
    return {deploy: olds[0].deploy for deploy, olds in before.items() if olds}


def _standby_of(live: int | None, rows: Sequence[Row[Any]]) -> Row[Any] | None:
    """What served until new settings were applied, while it stands by."""
    serving = next((row for row in rows if row.deploy == live), None)
    if serving is None or serving.trigger != Trigger.SETTINGS:
        return None
    return next((row for row in rows if row.retire_at is not None and row.retired_at is None), None)


def _origin(deploy: int, copies: Mapping[int, int]) -> int:
    """The deploy that made a release first: a rollback from a kept image, or new settings, make a copy of it."""
    while deploy in copies:
        deploy = copies[deploy]
    return deploy
