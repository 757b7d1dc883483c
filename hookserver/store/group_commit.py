"""Writes of several threads in one transaction: those that arrive while another one is written share the next.

A commit waits for the disk. So a flood of pushes needs one wait for each group, not for each push.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import Connection

from hookserver.errors import HookserverError, StoreError
from hookserver.store.database import BUSY_TIMEOUT, Database

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass
class _Call(Generic[Item, Result]):
    """One thread's write: its result or its error, once it is over."""

    item: Item
    began: float
    result: Result | None = None
    error: HookserverError | None = None
    is_over: bool = False


class GroupCommit(Generic[Item, Result]):
    """Calls ``write`` for each item, in the order of the calls. It raises before it has written anything, or not."""

    def __init__(self, database: Database, write: Callable[[Connection, Item], Result]) -> None:
        self._database = database
        self._write = write
        self._guard = threading.Lock()
        self._turn = threading.Lock()
        self._calls: list[_Call[Item, Result]] = []

    def run(self, item: Item) -> Result:
        """The result of ``write``, on the disk when this returns. Raises what it raises, and StoreError."""
        call = _Call[Item, Result](item, time.monotonic())
        with self._guard:
            self._calls.append(call)
        if not self._turn.acquire(timeout=BUSY_TIMEOUT):
            self._give_up(call)
        try:
            if not call.is_over:
                self._write_all()
        finally:
            self._turn.release()
        if call.error:
            raise call.error
        assert call.result is not None
        return call.result

    def _give_up(self, call: _Call[Item, Result]) -> None:
        """Raise StoreError, unless the call is being written at this moment: then wait for its end."""
        with self._guard:
            is_waiting = call in self._calls
            if is_waiting:
                self._calls.remove(call)
        if is_waiting:
            raise self._database.too_busy()
        self._turn.acquire()

    def _write_all(self) -> None:
        """Write every call that waits. An unexpected error of one is an error of all."""
        with self._guard:
            calls, self._calls = self._calls, []
        try:
            with self._database.writing(min(call.began for call in calls)) as connection:
                for call in calls:
                    try:
                        call.result = self._write(connection, call.item)
                    except StoreError:
                        raise
                    except HookserverError as error:
                        call.error = error
        except Exception as error:
            for call in calls:
                call.error = (
                    error
                    if isinstance(error, StoreError)
                    else StoreError(f"the push was not stored: {error}", "Send it again.")
                )
            if not isinstance(error, StoreError):
                raise
        finally:
            for call in calls:
                call.is_over = True
