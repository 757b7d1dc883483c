"""The objects that all requests of one process share."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field

from flask import current_app

from hookserver.config import AppSettings, Settings
from hookserver.errors import no_such_app
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from hookserver.views.log_follower import Follower
from hookserver.web.current import CurrentSettings
from hookserver.web.flood import Failures, RefusalLog
from hookserver.web.followers import Followers


@dataclass(frozen=True)
class WebContext:
    """The settings, the store, and the counters in memory.

    ``stopping`` is set when the process is asked to end: requests that wait then answer at once.
    ``token_uses``: a token's name and creation → when its use was last recorded, by ``time.monotonic()``.
    """

    current: CurrentSettings
    store: Store
    failures: Failures = field(default_factory=Failures)
    refusals: RefusalLog = field(default_factory=RefusalLog)
    followers: Followers = field(default_factory=Followers)
    stopping: threading.Event = field(default_factory=threading.Event)
    token_uses: dict[tuple[str, float], float] = field(default_factory=dict)
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

    def secrets(self, app: AppSettings | None) -> tuple[str, str]:
        """The app's webhook secrets; a random one in place of each that an app does not have, or an unknown app.

        So all of them cost the same work, and a caller cannot distinguish them by time.
        """
        first, second, *_ = (*(app.webhook_secrets if app else ()), self.no_secret, self.no_secret)
        return first, second


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
