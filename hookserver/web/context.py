"""The objects that all requests of one process share."""

from __future__ import annotations

import secrets
import socket
import threading
from dataclasses import dataclass, field

from flask import current_app

from hookserver.config import AppSettings, Settings
from hookserver.errors import no_such_app
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from hookserver.views.log_follower import Follower
from hookserver.web.current import CurrentSettings
from hookserver.web.flood import Failures

MAX_FOLLOWERS = 16
"""Requests that may follow a deploy at once: each occupies a thread."""


@dataclass(frozen=True)
class WebContext:
    """The settings, the store, and the counters in memory.

    ``stopping`` is set when the process is asked to end: requests that wait then answer at once.
    ``read_deadlines`` are the moments, by ``time.monotonic()``, when the server ends the reading from a connection.
    """

    current: CurrentSettings
    store: Store
    failures: Failures = field(default_factory=Failures)
    followers: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(MAX_FOLLOWERS))
    stopping: threading.Event = field(default_factory=threading.Event)
    read_deadlines: dict[socket.socket, float] = field(default_factory=dict)
    no_secret: str = field(default_factory=secrets.token_hex, repr=False)

    @property
    def settings(self) -> Settings:
        """The settings that the worker uses."""
        return self.current.now()

    @property
    def follower(self) -> Follower:
        """The reader of logs that are still written."""
        return Follower(self.store, self.state, self.stopping)

    @property
    def state(self) -> StateDir:
        return self.settings.server.state

    def secret(self, app: AppSettings | None) -> str:
        """The app's webhook secret; a random one for an unknown app and for one without a secret.

        So all of them cost the same work, and a caller cannot distinguish them by time.
        """
        return (app.webhook_secret.get_secret_value() if app else "") or self.no_secret


def context() -> WebContext:
    """The context of the application that handles this request."""
    shared: WebContext = current_app.extensions["hookserver"]
    return shared


def known_app(name: str) -> AppSettings:
    """The app's settings. Raises NotFound, with the nearest name."""
    apps = context().settings.apps
    if name not in apps:
        raise no_such_app(name, apps)
    return apps[name]
