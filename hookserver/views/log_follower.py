"""Reads a deploy's log while it is written, until the deploy is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

from hookserver.errors import StoreError, in_one_line
from hookserver.models import Deploy, Status
from hookserver.state.state_dir import StateDir
from hookserver.store import Store

FILE_INTERVAL = 0.1
ROW_INTERVAL = 0.2
"""Seconds between two reads of the file, and of the deploy's row."""
NO_WORKER = " !     the worker is not running; the deploy waits for it"
"""The line for a request whose deploy has to wait for a worker."""
_PIECE = 64 << 10


@dataclass(frozen=True)
class LogLines:
    """Complete lines of the log, and the byte offset after them."""

    text: bytes
    end: int


@dataclass(frozen=True)
class Follower:
    """Reads the logs below ``state``; ``stopping`` is set when the process is asked to end."""

    store: Store
    state: StateDir
    stopping: threading.Event

    def follow(
        self, number: int, is_end: Callable[[Deploy], bool], offset: int = 0
    ) -> Generator[LogLines, None, Deploy]:
        """The log's lines from byte ``offset`` on, as they are written; empty ``LogLines`` after each read without any.

        Ends when ``is_end`` is true or ``stopping`` is set, and returns the deploy as it was read last. Raises NotFound
        for an unknown deploy, and StoreError when the database cannot be read at the start.
        """
        path = self.state.log(number)
        deploy, read_at = self.store.deploy(number), time.monotonic()
        while True:
            if time.monotonic() - read_at >= ROW_INTERVAL:
                deploy, read_at = self.read_again(deploy), time.monotonic()
            ended = is_end(deploy)  # before the last read: lines that were written until the end are not missed
            while lines := _read(path, offset, with_rest=ended):
                offset += len(lines)
                yield LogLines(lines, offset)
            if ended or self.stopping.wait(FILE_INTERVAL):
                return deploy
            yield LogLines(b"", offset)

    def read_again(self, before: Deploy) -> Deploy:
        """The deploy as it is now; ``before`` while the database is busy."""
        try:
            return self.store.deploy(before.number)
        except StoreError:
            return before


def is_decided(deploy: Deploy) -> bool:
    """Whether the deploy is live or over: a caller that waits for the release has its answer."""
    return deploy.status.is_over


def is_finished(deploy: Deploy) -> bool:
    """Whether its log is complete: a live deploy still drains, one that was rolled back still stops."""
    was_live = deploy.status in (Status.LIVE, Status.ROLLED_BACK)
    return deploy.status.is_over and not (was_live and deploy.ended_at is None)


def outcome(deploy: Deploy) -> str:
    """The status of a deploy in one line, with the reason of a failure."""
    reason = in_one_line(deploy.reason)
    if deploy.status is Status.FAILED:
        return f"failed: {reason or 'the log has the cause'}"
    if deploy.status is Status.SUPERSEDED:
        return f"superseded by deploy {deploy.superseded_by}"
    return deploy.status.value.replace("_", " ")


def _read(path: Path, offset: int, *, with_rest: bool) -> bytes:
    """Complete lines from ``offset`` on, at most 64 kB; ``with_rest``: also an incomplete last line."""
    try:
        with path.open("rb") as log:
            log.seek(offset)
            piece = log.read(_PIECE)
    except FileNotFoundError:
        return b""
    whole = piece.rfind(b"\n") + 1
    unfinished = not whole and (with_rest or len(piece) == _PIECE)
    return piece if unfinished else piece[:whole]
