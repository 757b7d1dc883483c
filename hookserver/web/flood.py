"""Counts refused calls, so that a flood of them gets 429 while valid calls pass, and the log one line a minute."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from ipaddress import ip_address, ip_network

LIMIT = 30
"""Failures that one source may have in one window."""
WINDOW = 60.0
"""Seconds."""
SOURCES = 4096
"""Sources that are counted at once; the oldest is dropped first."""
_NAMED = 3
"""Sources that the log names."""
_log = logging.getLogger(__name__)


class Failures:
    """Counts per source address. A site has at least a /64 (RFC 6177), so that its IPv6 addresses are one source."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._guard = threading.Lock()
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def count(self, address: str) -> int:
        """Count a failure from ``address``; returns the seconds that it must wait, 0 while it is below the limit."""
        source = _source(address)
        now = self._clock()
        with self._guard:
            began, failures = self._windows.get(source, (now, 0))
            if now - began >= WINDOW:
                del self._windows[source]
                began, failures = now, 0
            self._windows[source] = (began, failures + 1)
            if len(self._windows) > SOURCES:
                self._windows.popitem(last=False)
        return math.ceil(began + WINDOW - now) if failures >= LIMIT else 0

    def __len__(self) -> int:
        return len(self._windows)


class RefusalLog:
    """Logs the first refused call of a window at once, and the others as one line when the window ends."""

    def __init__(self, window: float = WINDOW) -> None:
        self._window = window
        self._guard = threading.Lock()
        self._further: Counter[str] | None = None

    def add(self, address: str, what: str, problem: str) -> None:
        """Log or count the refusal of the call ``what``."""
        with self._guard:
            if self._further is not None:
                # A flood of sources takes no more memory than SOURCES of them.
                known = address in self._further or len(self._further) < SOURCES
                self._further[address if known else ""] += 1
                return
            self._further = Counter()
        _log.warning("%s from %s refused: %s", what, address, problem)
        timer = threading.Timer(self._window, self._end_window)
        timer.daemon = True
        timer.start()

    def _end_window(self) -> None:
        with self._guard:
            further, self._further = self._further or Counter(), None
        if further:
            named = ", ".join(f"{address or 'others'} ({count})" for address, count in further.most_common(_NAMED))
            total = f"{further.total()} further calls from {len(further)} addresses"
            _log.warning("%s refused in the last %.0f s, most from %s", total, self._window, named)


def _source(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    return address if parsed.version == 4 else str(ip_network((int(parsed), 64), strict=False))
