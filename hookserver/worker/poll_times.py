"""When each app's branch is looked at by itself."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from hookserver.config import AppSettings

AGAIN = 30.0
"""Seconds after which a poll that failed is tried again: after a reboot the network may come late."""


class Polls:
    """Due at once, and every ``poll`` after. Times are those of ``time.monotonic()``.

    Where ``poll`` is 0 never, but for a repository of our own: what was pushed to it while nobody was up is due once.
    One that failed is due again soon, then after twice as long each time, up to ``poll``: whoever refuses it (a wrong
    password, too many requests) is not asked more and more.
    """

    def __init__(self, apps: Mapping[str, AppSettings]) -> None:
        looked_at = {name: app for name, app in apps.items() if app.poll or app.repository == "push"}
        self._every = {name: app.poll or math.inf for name, app in looked_at.items()}
        self._next = dict.fromkeys(self._every, 0.0)
        self._again: dict[str, float] = {}

    def due(self, now: float) -> list[str]:
        """The apps whose branch is to be looked at, the longest due first."""
        return sorted((name for name, moment in self._next.items() if moment <= now), key=self._next.__getitem__)

    def begun(self, app: str, now: float) -> None:
        """A look begins."""
        self._next[app] = now + self._every[app]

    def ended(self, app: str, now: float, *, failed: bool) -> None:
        """It is over. The settings may have lost the app meanwhile."""
        if not failed:
            self._again.pop(app, None)
        elif app in self._every:
            wait = min(self._again.get(app, AGAIN), self._every[app])
            self._next[app] = min(self._next[app], now + wait)
            self._again[app] = 2 * wait

    def moments(self) -> Collection[float]:
        """When something is due."""
        return self._next.values()
