"""Requests to a slot with a session of it, from the access log: how many visitors sent some, and when the last came.

The log is read backwards, and no further than a question needs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from hookserver.models import Slot
from hookserver.nginx.logs import KEPT, SIZE

_LIMIT = (KEPT + 2) * SIZE
"""Bytes that are read at most for a question."""
_CHUNK = 1 << 20
_MOMENT = len("2026-01-01T00:00:00+00:00")


def visitors(log: Path, app: str, slot: Slot, since: float) -> int | None:
    """How many visitors with a session of the slot sent it requests since ``since`` (Unix seconds); None: no log."""
    if not log.is_file():
        return None
    sessions: set[str] = set()
    for part in _parts(log):
        sessions |= {session for moment, session in _requests(part, app, slot) if moment >= since}
        if _began(part) < since:
            break
    return len(sessions)


def last_request(log: Path, app: str, slot: Slot, since: float) -> float | None:
    """When a visitor with a session of the slot last sent it a request; None: not since ``since`` (Unix seconds).

    When the logs that are kept begin later, the time at which they begin: a request may have come until then. When
    there is no log, ``inf``.
    """
    if not log.is_file():
        return float("inf")
    began = float("inf")
    for part in _parts(log):
        if requests := _requests(part, app, slot):
            return requests[-1][0] if requests[-1][0] >= since else None
        began = _began(part)
        if began < since:
            return None
    return None if _is_whole(log) else began


def _requests(part: bytes, app: str, slot: Slot) -> list[tuple[float, str]]:
    """The time and the session of each request that the slot answered to a visitor with a session of it.

    Nginx escapes quotes in visitors' texts (``escape=json``), so a visitor cannot write such a line:
    https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format
    """
    answer = f'","app":"{app}","replica":"{slot}[0-9]+"'
    line = re.compile(f'{answer},"session":"([^"]+)","route":"{slot}[0-9]+"'.encode())
    return [
        (_time(part[found.start() - _MOMENT : found.start()]), found[1].decode("ascii", "replace"))
        for found in line.finditer(part)
    ]


def _began(part: bytes) -> float:
    start = len('{"time":"')
    return _time(part[start : start + _MOMENT])


def _time(moment: bytes) -> float:
    """Unix seconds; ``-inf`` for a broken time."""
    try:
        return datetime.fromisoformat(moment.decode("ascii")).timestamp()
    except ValueError:
        return float("-inf")


def _kept(log: Path) -> list[Path]:
    """The log and its rotated logs, the newest first."""
    names = [log, *(log.with_name(f"{log.name}.{number}") for number in range(1, KEPT + 1))]
    return [path for path in names if path.is_file()]


def _is_whole(log: Path) -> bool:
    """Whether no part of the log has been removed, and all of it is read."""
    kept = _kept(log)
    return len(kept) <= KEPT and sum(path.stat().st_size for path in kept) <= _LIMIT


def _parts(log: Path) -> Iterator[bytes]:
    """The logs that are kept, in parts of whole lines, the last part first."""
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
                incomplete, _, whole = (file.read(size) + rest).partition(b"\n")
                if at == 0:
                    yield incomplete + b"\n" + whole
                elif whole:
                    yield whole
                rest = incomplete + b"\n" if at else b""
