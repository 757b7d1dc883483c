"""A real Nginx on loopback, with real HTTP servers at the replicas' addresses."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from hookserver.addresses import endpoints
from hookserver.config import Settings, parse
from hookserver.models import Endpoint, Slot
from hookserver.nginx import Nginx
from hookserver.nginx.processes import workers_of
from tests.integration.nginx.backend import Backend

HAND_BUILT = Path("/opt/nginx")
APPS = """
[apps.shop]
repository = "push"
domains = ["shop.example.com"]
"""


@dataclass(frozen=True)
class Answer:
    """What a visitor got."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def told(self) -> Any:
        """What the backend says it was sent."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Operator:
    """An Nginx that was there before us, with a server of its own for unknown names."""

    binary: str
    conf: Path
    pid_file: Path

    @property
    def sites(self) -> Path:
        """A folder that is included in its ``http`` block, after ours."""
        return self.conf.parent / "sites-enabled"

    @property
    def ours(self) -> Path:
        return self.conf.parent / "conf.d"

    def add(self, name: str, text: str) -> Path:
        file = self.sites / name
        file.write_text(text)
        return file

    def run(self, *options: str) -> None:
        subprocess.run([self.binary, *options], check=True, capture_output=True, timeout=30)

    def start(self) -> None:
        self.run()
        # A signal that comes before the first worker would be overheard.
        until(lambda: self.is_up() and bool(workers_of(int(self.pid_file.read_text()))))

    def is_up(self) -> bool:
        """A test of the configuration leaves an empty file."""
        return self.pid_file.exists() and bool(self.pid_file.read_text())

    def reload(self) -> None:
        """Until the old workers take no more requests."""
        master = int(self.pid_file.read_text())
        old = workers_of(master)
        self.run("-s", "reload")
        until(lambda: bool(workers_of(master)) and not old & workers_of(master))

    def stop(self) -> None:
        if self.is_up():
            os.kill(int(self.pid_file.read_text()), signal.SIGTERM)
            until(lambda: not self.pid_file.exists())


def distribution(folder: Path, port: int) -> Operator:
    """The distribution's Nginx with its own layout of files, in a folder."""
    etc = folder / "etc"
    for inner in ("conf.d", "sites-enabled", "temp"):
        (etc / inner).mkdir(parents=True)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    (etc / "nginx.conf").write_text(
        f"{'user www-data;' if os.geteuid() == 0 else ''}\npid {folder}/nginx.pid;\nerror_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{\n  access_log {folder}/access.log;\n"
        + "".join(f"  {kind}_temp_path {etc}/temp/{kind};\n" for kind in kinds)
        + f"  include {etc}/conf.d/*.conf;\n  include {etc}/sites-enabled/*;\n}}\n"
    )
    (etc / "sites-enabled/default").write_text(
        f'server {{ listen 127.0.0.1:{port} default_server; server_name _; return 404 "theirs"; }}\n'
    )
    program = folder / "nginx"
    program.write_text(f'#!/bin/sh\nexec nginx -c {etc}/nginx.conf "$@"\n')
    program.chmod(0o755)
    return Operator(str(program), etc / "nginx.conf", folder / "nginx.pid")


def hand_built(port: int) -> Operator:
    """The one below /opt/nginx, with the file that its installation wrote."""
    config = HAND_BUILT / "config"
    for inner in ("conf.d", "sites-enabled"):
        shutil.rmtree(config / inner, ignore_errors=True)
        (config / inner).mkdir()
    text = (config / "nginx.conf.default").read_text().replace("listen       80;", f"listen 127.0.0.1:{port};", 1)
    start, _, _ = text.rstrip().rpartition("}")
    (config / "nginx.conf").write_text(f"{start}\n    include conf.d/*.conf;\n    include sites-enabled/*;\n}}\n")
    return Operator(str(HAND_BUILT / "sbin"), config / "nginx.conf", config / "nginx.pid")


@pytest.fixture(scope="session")
def compiled() -> Iterator[None]:
    """Nginx from the distribution's source package, installed below /opt/nginx for as long as the tests run."""
    made = [folder for folder in (HAND_BUILT, Path("/usr/local/nginx")) if not folder.exists()]
    assert HAND_BUILT in made, f"{HAND_BUILT} is there already: the tests would overwrite it"
    root = Path(__file__).parents[3]
    cache = Path(os.environ.get("HOOKSERVER_TEST_STATE", root / ".state/tests")) / "nginx-compiled"
    cache.mkdir(parents=True, exist_ok=True)
    script = Path(__file__).with_name("compile.sh")
    done = subprocess.run([script, cache], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600, check=False)
    assert done.returncode == 0, done.stdout.decode()[-3000:]
    yield
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Site:
    """An Nginx with its settings; apps are numbered from 1 in the order of the settings."""

    state_dir: Path
    ports: list[int]
    stack: ExitStack
    apps: str = APPS
    nginx_keys: str = ""
    backends: dict[tuple[str, str], Backend] = field(default_factory=dict)
    operator: Operator | None = None

    @property
    def settings(self) -> Settings:
        text = (
            f'[server]\nstate_dir = "{self.state_dir}"\n'
            f"[nginx]\nlisten = {[f'127.0.0.1:{port}' for port in self.ports]}\n{self._mode}{self.nginx_keys}\n"
            f'[docker]\nsubnet = "127.30.96.0/20"\n{self.apps}'
        )
        return parse(text, Path("hookserver.toml")).settings

    @property
    def _mode(self) -> str:
        if self.operator is None:
            return ""
        return f'mode = "system"\nbinary = "{self.operator.binary}"\nconf_dir = "{self.operator.ours}"\n'

    def stop(self) -> None:
        """Stop Nginx, whoever's it is."""
        if self.operator is None:
            Nginx(self.settings, patience=0.5).stop()
        else:
            self.operator.stop()

    def start(self) -> None:
        """Start Nginx, whoever's it is."""
        if self.operator is not None:
            self.operator.start()
        self.nginx.apply(self.numbers)

    @property
    def numbers(self) -> dict[str, int]:
        return {app: number for number, app in enumerate(self.settings.apps, 1)}

    @property
    def nginx(self) -> Nginx:
        return Nginx(self.settings, patience=3.0)

    @property
    def folder(self) -> Path:
        return self.settings.server.state.nginx

    def endpoints(self, slot: Slot, app: str = "shop") -> list[Endpoint]:
        settings = self.settings
        return endpoints(settings.docker, settings.apps[app], self.numbers[app], slot)

    def serve(self, slot: Slot, *replicas: int, app: str = "shop") -> list[Backend]:
        """Start these replicas (all when none is named)."""
        chosen = [one for one in self.endpoints(slot, app) if not replicas or int(one.route[-1]) in replicas]
        started = [self.stack.enter_context(Backend(one.host, one.route).serving()) for one in chosen]
        self.backends |= {(app, backend.name): backend for backend in started}
        return started

    def connect(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.ports[0], timeout=30)

    def ask(
        self,
        path: str = "/",
        method: str = "GET",
        host: str = "shop.example.com",
        headers: dict[str, str] | None = None,
        body: Any = None,
    ) -> Answer:
        connection = self.connect()
        try:
            connection.request(method, path, body, {"Host": host, **(headers or {})})
            response = connection.getresponse()
            return Answer(response.status, dict(response.headers.items()), response.read().decode())
        finally:
            connection.close()

    def logged(self, answer: Answer) -> dict[str, Any]:
        """The access log's line for ``answer``, which Nginx writes just after it answered."""
        found: list[dict[str, Any]] = []

        def look() -> bool:
            lines = (self.folder / "logs/access.log").read_text().splitlines()
            found[:] = [line for line in map(json.loads, lines) if line["request_id"] == answer.headers["X-Request-Id"]]
            return bool(found)

        until(look)
        return found[0]


def until(condition: Callable[[], bool], patience: float = 5.0) -> None:
    """Wait for ``condition``; a failure after ``patience`` seconds."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(0.01)


@pytest.fixture
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """Of the mode ``managed``, or of another one that a test's parameter names."""
    mode = getattr(request, "param", "managed")
    # Not pytest's own folder: Nginx's workers, of another user, may not enter that one.
    folder = Path(tempfile.mkdtemp(prefix="hs-", dir="/tmp"))
    folder.chmod(0o711)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with ExitStack() as stack:
        made = Site(folder / "state", [port], stack)
        if mode == "compiled":
            request.getfixturevalue("compiled")
            made.operator = hand_built(port)
        elif mode == "system":
            made.operator = distribution(folder, port)
        if made.operator is not None:
            made.operator.start()
        try:
            yield made
        finally:
            folder.chmod(0o711)
            made.stop()
            shutil.rmtree(folder)
