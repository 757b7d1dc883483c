"""Gunicorn inside this process: one worker with threads, small, and quick to stop.

What it needs is imported before it forks, so that master and worker share that memory.
"""

from __future__ import annotations

import gc
import logging
import socket
import time
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.workers.gthread import TConn, ThreadWorker

from hookserver import config
from hookserver.config import Settings
from hookserver.errors import SettingsError
from hookserver.store import Store
from hookserver.web.app import create_app
from hookserver.web.context import MAX_FOLLOWERS, Context

THREADS = MAX_FOLLOWERS + 8
"""Followers hold one each; eight are left for pushes."""
GRACE = 10
"""Seconds that requests under way have when the process is asked to end."""
HEAD_DEADLINE = 10.0
"""Seconds in which a request's line and headers must have arrived."""
_log = logging.getLogger(__name__)


def serve(settings: Settings, settings_path: Path) -> None:
    """Answer on ``server.listen`` until SIGTERM or SIGINT. SIGHUP reads the settings again.

    Raises StoreError when the database cannot be used. Ends the process by SystemExit.
    """
    _prepare_store(settings)
    gc.collect()
    gc.freeze()
    _Server(settings, settings_path).run()


def bind_address(listen: str) -> str:
    """``server.listen`` as gunicorn writes it: a port alone means every address of the machine."""
    host, _, port = listen.rpartition(":")
    return f"{'0.0.0.0' if host in ('', '*') else host}:{port}"  # noqa: S104


class Worker(ThreadWorker):
    """Ends its open streams when it is asked to stop, and gives up requests whose headers never come."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._arriving: dict[TConn, float] = {}

    def handle(self, conn: TConn) -> Any:
        self._arriving[conn] = time.monotonic() + HEAD_DEADLINE
        try:
            return super().handle(conn)
        finally:
            self._arriving.pop(conn, None)

    def handle_request(self, req: Any, conn: TConn) -> Any:
        self._arriving.pop(conn, None)
        return super().handle_request(req, conn)

    def notify(self) -> None:
        super().notify()
        for conn, deadline in list(self._arriving.items()):
            if time.monotonic() > deadline:
                _stop_reading(conn.sock)

    def handle_exit(self, sig: Any, frame: Any) -> None:
        self._end_streams()
        super().handle_exit(sig, frame)

    def handle_quit(self, sig: Any, frame: Any) -> None:
        self._end_streams()
        super().handle_quit(sig, frame)

    def _end_streams(self) -> None:
        application: Any = self.wsgi
        if application is not None:
            shared: Context = application.extensions["hookserver"]
            shared.stopping.set()


class _Server(BaseApplication):
    def __init__(self, settings: Settings, settings_path: Path) -> None:
        self._settings = settings
        self._settings_path = settings_path
        super().__init__()

    def load_config(self) -> None:
        wanted = {
            "bind": bind_address(self._settings.server.listen),
            "worker_class": Worker,
            "workers": 1,
            "threads": THREADS,
            "graceful_timeout": GRACE,
            "keepalive": 5,
            "limit_request_line": 4094,
            "limit_request_fields": 64,
            "limit_request_field_size": 8190,
            "forwarded_allow_ips": "",
            "loglevel": "warning",
            "worker_tmp_dir": "/dev/shm" if Path("/dev/shm").is_dir() else None,  # noqa: S108
            "control_socket_disable": True,
        }
        for name, value in wanted.items():
            if name in self.cfg.settings:  # gunicorn before 25.1 has no control socket
                self.cfg.set(name, value)

    def reload(self) -> None:
        try:
            self._settings = config.load(self._settings_path).settings
            _prepare_store(self._settings)
        except SettingsError as error:
            _log.error("the old settings stay: %s", error)
        super().reload()

    def load(self) -> Any:
        """Called in the worker, after the fork: the database connection is its own."""
        return create_app(self._settings, Store(self._settings.server.state))


def _prepare_store(settings: Settings) -> None:
    store = Store(settings.server.state)
    try:
        store.upgrade()
        store.sync_apps(settings.apps)
    finally:
        store.close()


def _stop_reading(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RD)
    except OSError:
        return
