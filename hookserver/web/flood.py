"""Counts calls with a wrong signature or token, so that a flood of them gets 429 while valid calls pass."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import ip_address, ip_network

LIMIT = 30
"""Failures that one source may have in one window."""
WINDOW = 60.0
"""Seconds."""
SOURCES = 4096
"""Sources that are counted at once; the oldest is dropped first."""


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


def _source(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    return address if parsed.version == 4 else str(ip_network((int(parsed), 64), strict=False))
