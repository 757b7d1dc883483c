"""When each app's branch is polled."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from hookserver.config import AppSettings

FIRST_RETRY = 30.0
"""Seconds after which a failed poll is repeated: after a reboot the network may be late."""


class PollTimes:
    """Every branch is due at once, and every ``poll`` seconds after. Times are those of ``time.monotonic()``.

    With ``poll = 0`` a branch is never due, but a repository of our own is due once: a push may have come while
    hookserver was down. Failed polls back off, up to ``poll``: a remote that refuses us (a wrong password, too many
    requests) is asked less and less.
    """

    def __init__(self, apps: Mapping[str, AppSettings]) -> None:
        polled = {name: app for name, app in apps.items() if app.poll or app.is_pushed_to}
        self._every = {name: app.poll or math.inf for name, app in polled.items()}
        self._next = dict.fromkeys(self._every, 0.0)
        self._retry_after: dict[str, float] = {}

    def due(self, now: float) -> list[str]:
        """The apps whose branch is due, the longest due first."""
        return sorted((name for name, moment in self._next.items() if moment <= now), key=self._next.__getitem__)

    def started(self, app: str, now: float) -> None:
        """Note that a poll starts."""
        self._next[app] = now + self._every[app]

    def ended(self, app: str, now: float, *, has_failed: bool) -> None:
        """Note how a poll ended, of an app that the settings may no longer have."""
        if not has_failed:
            self._retry_after.pop(app, None)
        elif app in self._every:
            wait = min(self._retry_after.get(app, FIRST_RETRY), self._every[app])
            self._next[app] = min(self._next[app], now + wait)
            self._retry_after[app] = 2 * wait

    def moments(self) -> Collection[float]:
        """When the branches are due."""
        return self._next.values()
