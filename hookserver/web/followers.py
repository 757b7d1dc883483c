"""The places of requests that follow a deploy: each occupies a thread until the deploy ends."""

from __future__ import annotations

import threading
from collections import Counter

MAX_FOLLOWERS = 32
"""Requests that may follow deploys at once."""
MAX_FOLLOWERS_OF_AN_APP = 8
"""Those that may follow deploys of one app, so that a token for one app cannot take all places."""


class Followers:
    """Counts them for each app."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._places: Counter[str] = Counter()

    def acquire(self, app: str) -> bool:
        """Take a place; False when all are taken."""
        with self._guard:
            if self._places[app] >= MAX_FOLLOWERS_OF_AN_APP or self._places.total() >= MAX_FOLLOWERS:
                return False
            self._places[app] += 1
            return True

    def release(self, app: str) -> None:
        """Give a place back."""
        with self._guard:
            self._places[app] -= 1
