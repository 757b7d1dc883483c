"""Who has asked for a slot with a session of it, from the access log: how many visitors, and when the last one did.

The log is read backwards, and no further than a question needs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from hookserver.models import Slot
from hookserver.nginx.logs import KEPT, SIZE

_LIMIT = (KEPT + 2) * SIZE
"""Bytes that are read at most for a question."""
_CHUNK = 1 << 20


def visitors(log: Path, app: str, slot: Slot, since: float) -> int | None:
    """How many visitors with a session of the slot have asked for it since ``since`` (Unix seconds); None: no log."""
    if not log.is_file():
        return None
    sessions = set()
    for line in _lines(log):
        if _time(line) < since:
            break
        if asked := _asked(line, app, slot):
            sessions.add(asked["session"])
    return len(sessions)


def last_asked(log: Path, app: str, slot: Slot, since: float) -> float | None:
    """When a visitor with a session of the slot last asked for it; None: nobody has since ``since`` (Unix seconds).

    Where what is kept does not go back so far, the time at which it begins: somebody may have asked until then. Where
    there is no log, ``inf``.
    """
    if not log.is_file():
        return float("inf")
    begins = None
    for line in _lines(log):
        begins = _time(line)
        if begins < since:
            return None
        if _asked(line, app, slot):
            return begins
    return None if _is_whole(log) else begins


def _asked(line: bytes, app: str, slot: Slot) -> dict[str, Any] | None:
    """The request of a line, when it is one of the app, answered by the slot that the visitor has a session of."""
    if f'"app":"{app}","slot":"{slot}"'.encode() not in line:
        return None
    try:
        asked: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return asked if asked.get("session") else None


def _time(line: bytes) -> float:
    """When the line was written; a broken one is as old as can be."""
    try:
        return datetime.fromisoformat(line[len('{"time":"') :][:25].decode("ascii")).timestamp()
    except ValueError:
        return float("-inf")


def _kept(log: Path) -> list[Path]:
    """The log and those put aside, the newest first."""
    names = [log, *(log.with_name(f"{log.name}.{number}") for number in range(1, KEPT + 1))]
    return [path for path in names if path.is_file()]


def _is_whole(log: Path) -> bool:
    """Whether all that was ever written is there, and is read."""
    kept = _kept(log)
    return len(kept) <= KEPT and sum(path.stat().st_size for path in kept) <= _LIMIT


def _lines(log: Path) -> Iterator[bytes]:
    """The whole lines of all that is kept, the last one first."""
    left = _LIMIT
    for path in _kept(log):
        with suppress(FileNotFoundError), path.open("rb") as file:
            at = file.seek(0, os.SEEK_END)
            rest = b""
            while at > 0 and left > 0:
                size = min(_CHUNK, at)
                at -= size
                left -= size
                file.seek(at)
                rest, *lines = (file.read(size) + rest).split(b"\n")
                yield from (line for line in reversed(lines) if line)
            if rest and left > 0:
                yield rest
