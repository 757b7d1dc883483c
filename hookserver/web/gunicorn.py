"""Gunicorn's threaded worker, run in this process without gunicorn's arbiter.

The arbiter would be a second process of some 20 MB that only restarts the first one, which ``hookserver up`` and
systemd already do. It also opens gunicorn's control socket, which is not wanted.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import TConn, ThreadWorker

from hookserver.config import Loaded, reread
from hookserver.errors import HookserverError
from hookserver.store import Store
from hookserver.web.app import create_app
from hookserver.web.context import MAX_FOLLOWERS, WebContext

THREADS = MAX_FOLLOWERS + 8
"""One for each follower, and eight for pushes."""
GRACE = 10
"""Seconds that running requests have when the process is asked to end."""
HEAD_DEADLINE = 10.0
"""Seconds in which a request's line and headers must have arrived."""
_BACKLOG = 512
_log = logging.getLogger(__name__)


def serve(loaded: Loaded) -> None:
    """Answer on ``server.listen`` until SIGTERM or SIGINT. The database must be up to date, with a row for each app.

    Raises HookserverError when it cannot listen there.
    """
    settings = loaded.settings
    for app in settings.apps.values():
        if not app.webhook_secret and not app.is_pushed_to:
            _log.warning("apps.%s: no webhook_secret, so its webhooks are refused (401)", app.name)
    store = Store(settings.server.state)
    application = _Application(create_app(settings, store, partial(reread, loaded.path)))
    with listen(settings.server.listen) as listener:
        logger = Logger(application.cfg)
        worker = HttpWorker(1, os.getppid(), [listener], application, application.cfg.timeout, application.cfg, logger)
        worker.init_process()
    store.close()


def listen(address: str) -> socket.socket:
    """A listening socket for ``server.listen``; a port without an address means all addresses of the machine.

    Raises HookserverError when the address is in use or not one of this machine.
    """
    host, _, port = address.rpartition(":")
    host = "" if host == "*" else host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, int(port)), family=family, backlog=_BACKLOG)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else error
        raise HookserverError(
            f"cannot listen on {address}: {why}", "Is hookserver already running? server.listen sets the address."
        ) from error


class HttpWorker(ThreadWorker):
    """Ends its streams when it is asked to stop, and the reading of requests that do not arrive in time."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._open: set[TConn] = set()

    @property
    def _shared(self) -> WebContext:
        application: Any = self.wsgi
        shared: WebContext = application.extensions["hookserver"]
        return shared

    def handle(self, conn: TConn) -> Any:
        connection, deadlines = conn.sock, self._shared.read_deadlines
        self._open.add(conn)
        deadlines[connection] = time.monotonic() + HEAD_DEADLINE
        try:
            return super().handle(conn)
        finally:
            deadlines.pop(connection, None)
            self._open.discard(conn)

    def handle_request(self, req: Any, conn: TConn) -> Any:
        self._shared.read_deadlines.pop(conn.sock, None)
        return super().handle_request(req, conn)

    def notify(self) -> None:
        """Called by the worker's loop at least once a second.

        ``shutdown(2)`` wakes the thread that reads: its ``recv`` returns as if the client had closed the connection.
        """
        super().notify()
        now = time.monotonic()
        for connection, deadline in list(self._shared.read_deadlines.items()):
            if now > deadline:
                _shut(connection, socket.SHUT_RD)

    def run(self) -> None:
        super().run()
        for conn in list(self._open):
            _shut(conn.sock, socket.SHUT_RDWR)

    def handle_exit(self, sig: Any, frame: Any) -> None:
        self._shared.stopping.set()
        super().handle_exit(sig, frame)

    def handle_quit(self, sig: Any, frame: Any) -> None:
        self.handle_exit(sig, frame)

    def is_parent_alive(self) -> bool:
        """Gunicorn's worker ends when its parent, the arbiter, changes; there is none here."""
        return True


class _Application(BaseApplication):
    """The Flask application with gunicorn's settings: https://gunicorn.org/reference/settings/"""

    def __init__(self, application: Any) -> None:
        self._application = application
        super().__init__()

    def load_config(self) -> None:
        settings = {
            "threads": THREADS,
            "graceful_timeout": GRACE,
            "keepalive": 5,
            "limit_request_fields": 64,
            # No sender may change the scheme by a header; the default believes those on loopback.
            "forwarded_allow_ips": "",
            "loglevel": "warning",
            # The heartbeat's file in memory: on a slow disk it would block the loop (https://gunicorn.org/faq/).
            "worker_tmp_dir": "/dev/shm" if Path("/dev/shm").is_dir() else None,  # noqa: S108
        }
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self._application


def _shut(connection: socket.socket, how: int) -> None:
    with suppress(OSError):
        connection.shutdown(how)
