"""A real web process on a loopback port, and a player in the worker's place."""

from __future__ import annotations

import fcntl
import http.client
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from hookserver.addresses import all_endpoints
from hookserver.config import load
from hookserver.errors import Refused
from hookserver.models import Deploy, Release, Scope, Slot, Status
from hookserver.nginx import Nginx
from hookserver.state.permissions import prepare
from hookserver.state.state_dir import StateDir
from hookserver.store import Store

SECRET = "a secret of the shop"
TOML = """
[server]
listen = "127.0.0.1:{port}"
state_dir = "{state_dir}"
[nginx]
listen = ["127.0.0.1:{site}"]
[apps.shop]
repository = "push"
domains = ["shop.example.com"]
webhook_secret = "{secret}"
"""
SHORT_TIMES = """
import sys
from pathlib import Path
from hookserver.config import load
from hookserver.web import gunicorn, log_stream
log_stream.HEARTBEAT = 0.3
gunicorn.serve(load(Path(sys.argv[1])))
"""


@dataclass
class Web:
    """A running web process behind its Nginx, its store, and a token for everything."""

    process: subprocess.Popen[bytes]
    port: int
    state: StateDir
    store: Store
    token: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        source: str = "127.0.0.1",
    ) -> tuple[int, bytes]:
        """One call with the token; its status and body. ``source``: the address that it comes from."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20, source_address=(source, 0))
        try:
            connection.request(method, path, body, {"Authorization": f"Bearer {self.token}", **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def connect(self, source: str = "127.0.0.1") -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20, source_address=(source, 0))

    def connect_as_a_hook(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(20)
        connection.connect(str(self.state.push_socket))
        return connection

    def is_up(self) -> bool:
        try:
            return self.request("GET", "/livez")[0] == 200
        except OSError:
            return False


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@pytest.fixture
def state(migrated: Path) -> Iterator[StateDir]:
    """Where Nginx's workers, of another user, may reach the socket."""
    with tempfile.TemporaryDirectory(prefix="hs-web-", dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        made = StateDir(Path(folder) / "state")
        prepare(made)
        shutil.copy(migrated, made.database)
        yield made


@pytest.fixture
def settings_file(state: StateDir) -> Path:
    path = state.root.parent / "hookserver.toml"
    path.write_text(TOML.format(port=free_port(), site=free_port(), state_dir=state.root, secret=SECRET))
    return path


@contextmanager
def running(settings_file: Path, state: StateDir, eventually: Callable[..., object]) -> Iterator[Web]:
    """The web process behind a real Nginx."""
    settings = load(settings_file).settings
    store = Store(state)
    numbers = store.sync_apps(["shop"])
    nginx = Nginx(settings)
    nginx.apply(settings, all_endpoints(settings, numbers))
    process = subprocess.Popen([sys.executable, "-c", SHORT_TIMES, str(settings_file)])
    port = int(settings.server.listen.rpartition(":")[2])
    web = Web(process, port, state, store, store.create_token("tests", scope=Scope.ADMIN))
    try:
        eventually(web.is_up, deadline=30)
        yield web
    finally:
        nginx.stop()  # first: the process waits for connections that are kept open
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(20)
        finally:
            process.kill()
            store.close()


@pytest.fixture
def web(settings_file: Path, state: StateDir, eventually: Callable[..., object]) -> Iterator[Web]:
    with running(settings_file, state, eventually) as web:
        yield web


@dataclass
class Player:
    """Does what a worker does, as far as it can be seen from outside: claims, writes the log, ends.

    ``go_on`` lets a claimed deploy come to its end.
    """

    store: Store
    state: StateDir
    go_on: threading.Event
    stopped: threading.Event
    status: Status = Status.LIVE
    reason: str = ""

    def run(self) -> None:
        while not self.stopped.wait(0.02):
            deploy = self.store.claim(1)
            if deploy is not None:
                self._play(deploy)

    def _play(self, deploy: Deploy) -> None:
        path = self.state.log(deploy.number)
        path.parent.mkdir(exist_ok=True)
        with path.open("a", buffering=1) as log:
            log.write("-----> Building\n")
            while not self.go_on.wait(0.02) and not self.stopped.is_set():
                pass
            log.write("       built\n")
        if self.status is Status.LIVE:
            self.store.add_release(Release(deploy.number, "shop", "a" * 40, "sha256:1", Slot.BLUE, 2))
            self.store.go_live(deploy.number, deploy.number, 600)
        try:
            self.store.end(deploy.number, self.status, self.reason)
        except Refused:
            return


@pytest.fixture
def worker_lock(web: Web) -> Iterator[None]:
    """A worker seems to run; it does nothing."""
    with web.state.worker_lock.open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture
def player(web: Web, worker_lock: None) -> Iterator[Player]:
    player = Player(Store(web.state), web.state, threading.Event(), threading.Event())
    thread = threading.Thread(target=player.run)
    thread.start()
    yield player
    player.stopped.set()
    thread.join(10)
    player.store.close()


def seconds_of(action: Callable[[], object]) -> float:
    began = time.monotonic()
    action()
    return time.monotonic() - began
