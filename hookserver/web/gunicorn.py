"""Gunicorn's threaded worker, run in this process without gunicorn's arbiter, behind Nginx.

The arbiter would be a second process of some 20 MB that only restarts the first one, which ``hookserver up`` and
systemd already do. Gunicorn is made to stand behind a proxy that buffers requests: https://gunicorn.org/deploy/.
Nginx passes a request on when it has all of it, so no slow sender occupies a thread.
"""

from __future__ import annotations

import logging
import os
import signal
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker
from werkzeug.middleware.proxy_fix import ProxyFix

from hookserver.config import Loaded, reread
from hookserver.store import Store
from hookserver.web.app import create_app
from hookserver.web.followers import MAX_FOLLOWERS
from hookserver.web.sockets import listening

THREADS = MAX_FOLLOWERS + 8
"""One for each follower, and eight for pushes."""
GRACE = 10
"""Seconds that running requests have when the process is asked to end."""
KEEPALIVE = 75
"""Seconds that an idle connection stays open: longer than Nginx keeps it, so that no request meets a closed one."""
_log = logging.getLogger(__name__)


def serve(loaded: Loaded) -> None:
    """Answer on the sockets until SIGTERM or SIGINT. The database must be up to date, with a row for each app.

    Raises HookserverError when it cannot listen there.
    """
    settings = loaded.settings
    for app in settings.apps.values():
        if not app.webhook_secrets and not app.is_pushed_to:
            _log.warning("apps.%s: no webhook_secret, so its webhooks are refused (401)", app.name)
    store = Store(settings.server.state)
    application = _Application(create_app(settings, store, partial(reread, loaded.path)))
    with listening(settings.server.state) as listeners:
        logger = Logger(application.cfg)
        worker = ThreadWorker(1, os.getppid(), listeners, application, application.cfg.timeout, application.cfg, logger)
        worker.init_process()
    store.close()


class _Application(BaseApplication):
    """The Flask application with gunicorn's settings: https://gunicorn.org/reference/settings/"""

    def __init__(self, flask: Flask) -> None:
        self._flask = flask
        # The address of the client, as Nginx says. A local user who may use a socket can claim another one, by which
        # refused calls are counted, and nothing else.
        flask.wsgi_app = ProxyFix(flask.wsgi_app, x_for=1, x_proto=0)  # type: ignore[method-assign]
        super().__init__()

    def load_config(self) -> None:
        settings = {
            "threads": THREADS,
            "graceful_timeout": GRACE,
            "keepalive": KEEPALIVE,
            "limit_request_fields": 64,
            # No sender may change the scheme or the path by a header.
            "forwarded_allow_ips": "",
            "forwarder_headers": "",
            "secure_scheme_headers": {},
            "loglevel": "warning",
            # The heartbeat's file in memory: on a slow disk it would block the loop (https://gunicorn.org/faq/).
            "worker_tmp_dir": "/dev/shm" if Path("/dev/shm").is_dir() else None,  # noqa: S108
            "post_worker_init": self._end_streams_at_a_signal,
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self._flask

    def _end_streams_at_a_signal(self, worker: ThreadWorker) -> None:
        """Requests that follow a deploy have no end of their own, for which gunicorn would wait."""
        stopping = self._flask.extensions["hookserver"].stopping

        def stop(number: int, frame: FrameType | None) -> None:
            stopping.set()
            worker.handle_exit(number, frame)

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, stop)
