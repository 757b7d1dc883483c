"""Counts failed signatures and tokens, so that a flood of them is told to slow down while good calls pass."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import ip_address, ip_network

LIMIT = 30
"""Failures that one source may make in one window."""
WINDOW = 60.0
"""Seconds."""
SOURCES = 4096
"""Sources remembered; the ones seen first are forgotten first."""


class Failures:
    """Per source address; an IPv6 source is its /64."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._guard = threading.Lock()
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def count(self, address: str) -> int:
        """One more failure from ``address``; answers the seconds it must wait, 0 while it may go on."""
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
