"""The requests to ``server.listen`` that Nginx itself refused, counted: a flood is one line in our log."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

_LIMIT = 64 << 20
"""Bytes that are read at most: some two million refused requests."""
_SOURCES = 4096
"""Addresses that are counted apart at most."""
_NAMED = 3


def take(log: Path) -> str | None:
    """How many requests are in the log and from where, as one line; the log is empty then. None: there are none.

    Each line is an address and a status. Nginx appends (O_APPEND), so it goes on at the start of an emptied file.
    Raises OSError.
    """
    if not log.is_file() or not log.stat().st_size:
        return None
    sources, statuses = Counter[str](), Counter[str]()
    with log.open("rb") as file:
        for line in file:
            address, _, status = line.decode("ascii", "replace").strip().partition(" ")
            sources[address if address in sources or len(sources) < _SOURCES else "others"] += 1
            statuses[status[:3]] += 1
            if file.tell() > _LIMIT:
                break
    os.truncate(log, 0)
    named = ", ".join(f"{address} ({count})" for address, count in sources.most_common(_NAMED))
    answers = ", ".join(f"{count} with {status}" for status, count in sorted(statuses.items()))
    return f"Nginx refused {sources.total()} requests to server.listen ({answers}), most from {named}"
