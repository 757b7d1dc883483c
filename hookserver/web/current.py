"""The settings of a process that keeps running while they change."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from hookserver.config import Settings
from hookserver.errors import SettingsError, StoreError
from hookserver.store import Store

CHECK_EVERY = 0.2
"""Seconds between checks of the effective settings' version."""
_log = logging.getLogger(__name__)


class CurrentSettings:
    """Follows the worker: once it has applied changed settings, they are read here too.

    ``reread`` gets the current settings and returns the new ones, or raises SettingsError.
    """

    def __init__(self, settings: Settings, store: Store, reread: Callable[[Settings], Settings]) -> None:
        self._settings = settings
        self._store = store
        self._reread = reread
        self._lock = threading.Lock()
        self._version = -1
        self._next_check = 0.0

    def now(self) -> Settings:
        """The effective settings; the previous ones while the database is busy or the file has mistakes."""
        if time.monotonic() >= self._next_check and self._lock.acquire(blocking=False):
            try:
                self._check()
            finally:
                self._next_check = time.monotonic() + CHECK_EVERY
                self._lock.release()
        return self._settings

    def _check(self) -> None:
        try:
            version = self._store.settings_version()
        except StoreError:
            return
        if version != self._version:
            try:
                self._settings = self._reread(self._settings)
            except SettingsError as error:
                _log.warning("%s", error)
        self._version = version
