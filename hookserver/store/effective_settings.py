"""The settings that the worker uses, and the requests that it loads and applies new ones."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select, update

from hookserver.models import Status
from hookserver.store.base import StoreBase
from hookserver.store.rows import find_waiting
from hookserver.store.tables import apps, releases, settings
from hookserver.store.transitions import change_status


@dataclass(frozen=True)
class EffectiveSettings:
    """The settings that the worker uses, and how far it is with the requests to use new ones.

    Requests have numbers: ``requested`` is the last one, ``loaded`` the last whose settings the worker uses,
    ``applied`` the last that it has applied or refused; ``message`` says why it refused that one, or what failed.

    ``settings`` are as ``config.record`` writes them. They include the apps that are gone from the file but still live;
    ``retire`` names those whose retirement was requested. ``salt`` is for the digests of secrets.
    """

    requested: int
    loaded: int
    applied: int
    message: str
    retire: tuple[str, ...]
    settings: Mapping[str, Any]
    salt: str


class SettingsRequests(StoreBase):
    """The part of the store about settings."""

    def effective_settings(self) -> EffectiveSettings:
        """The settings that the worker uses. Raises StoreError."""
        with self._database.reading() as connection:
            row = connection.execute(select(settings)).one()
        recorded = json.loads(row.effective_settings)
        return EffectiveSettings(
            row.requested, row.loaded, row.applied, row.message, tuple(json.loads(row.retire)), recorded, row.salt
        )

    def settings_version(self) -> int:
        """How often the worker has loaded settings, its starts included. Raises StoreError."""
        with self._database.reading() as connection:
            version: int = connection.execute(select(settings.c.version)).scalar_one()
            return version

    def request_settings(self, retire: Collection[str] = ()) -> int:
        """Ask the worker to read the settings file again, and to retire these apps, which are gone from it.

        Returns the number of the request. Raises StoreError.
        """
        with self._database.writing() as connection:
            earlier = json.loads(connection.execute(select(settings.c.retire)).scalar_one())
            values = {"requested": settings.c.requested + 1, "retire": json.dumps(sorted({*earlier, *retire}))}
            asking = update(settings).values(values).returning(settings.c.requested)
            number: int = connection.execute(asking).scalar_one()
        self._wake_worker()
        return number

    def set_effective_settings(self, request: int, recorded: Mapping[str, Any]) -> None:
        """Record the settings that the worker loaded for a request, as ``config.record`` writes them.

        Apps that are gone from them but still live keep their former settings. Raises StoreError.
        """
        with self._database.writing() as connection:
            effective = connection.execute(select(settings.c.effective_settings)).scalar_one()
            before = json.loads(effective).get("apps", {})
            live = connection.execute(select(apps.c.name).where(apps.c.live.is_not(None))).scalars()
            gone = {name: before[name] for name in live if name in before and name not in recorded["apps"]}
            whole = {**recorded, "apps": {**recorded["apps"], **gone}}
            requested = json.loads(connection.execute(select(settings.c.retire)).scalar_one())
            retire = json.dumps([name for name in requested if name in gone])
            values = {
                "loaded": request,
                "version": settings.c.version + 1,
                "effective_settings": json.dumps(whole),
                "retire": retire,
            }
            connection.execute(update(settings).values(values))

    def record_settings_applied(self, request: int, message: str = "") -> None:
        """Record that a request was applied, or why it was refused, or what failed. Raises StoreError."""
        with self._database.writing() as connection:
            connection.execute(update(settings).values(applied=request, message=message))

    def record_app_removed(self, app: str) -> None:
        """Record that an app, gone from the settings, no longer runs; its rows stay as history.

        Its queued deploy is cancelled. Raises StoreError.
        """
        with self._database.writing() as connection:
            _end_releases(connection, app, self._clock())
            connection.execute(update(apps).where(apps.c.name == app).values(live=None, tip_seen=""))
            row = connection.execute(select(settings)).one()
            kept = json.loads(row.effective_settings)
            kept.get("apps", {}).pop(app, None)
            retire = [name for name in json.loads(row.retire) if name != app]
            connection.execute(update(settings).values(retire=json.dumps(retire), effective_settings=json.dumps(kept)))
        self._wake_worker()


def _end_releases(connection: Connection, app: str, now: float) -> None:
    running = update(releases).where(releases.c.app == app, releases.c.retired_at.is_(None))
    connection.execute(running.values(retired_at=now, retire_at=None))
    if waiting := find_waiting(connection, app):
        change_status(connection, waiting, Status.CANCELLED, ended_at=now, reason="the app is gone from the settings")
