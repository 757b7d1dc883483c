"""The base of every part of the store: the database, a clock, and the worker's wake-up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hookserver.state.worker_lock import wake_worker
from hookserver.store.database import Database


class StoreBase:
    """The base of the store's classes. ``clock`` returns Unix seconds."""

    def __init__(self, database: Database, wakeup_socket: Path, clock: Callable[[], float]) -> None:
        self._database = database
        self._wakeup_socket = wakeup_socket
        self._clock = clock

    def _wake_worker(self) -> None:
        """Wake the worker: something changed. One that is not running reads the database when it starts."""
        wake_worker(self._wakeup_socket)
