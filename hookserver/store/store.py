"""The store as a whole."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import func, select

from hookserver.state.permissions import prepare
from hookserver.state.state_dir import StateDir
from hookserver.store.apps import Apps
from hookserver.store.database import Database
from hookserver.store.deploys import Deploys
from hookserver.store.effective_settings import SettingsRequests
from hookserver.store.queue import Queue
from hookserver.store.releases import Releases
from hookserver.store.tables import apps
from hookserver.store.tokens import Tokens


class Store(Apps, Queue, Deploys, Releases, SettingsRequests, Tokens):
    """The database below ``state_dir``. Every method is one transaction; StoreError when the database cannot do it."""

    def __init__(self, state: StateDir, clock: Callable[[], float] = time.time) -> None:
        prepare(state)
        super().__init__(Database(state.database), state.wakeup_socket, clock)

    def upgrade(self) -> None:
        """Bring the tables up to date and check that the file is intact. Raises StoreError."""
        self._database.upgrade()
        self._database.check()

    def close(self) -> None:
        """Close all connections; the next call opens one again."""
        self._database.close()

    def check_ready(self) -> None:
        """Raise StoreError when a push could not be stored now."""
        with self._database.writing() as connection:
            connection.execute(select(func.count()).select_from(apps))
