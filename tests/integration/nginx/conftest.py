"""A real Nginx on loopback, with real HTTP servers at the replicas' addresses."""

from __future__ import annotations

import fcntl
import json
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from hookserver.addresses import Endpoints, all_endpoints, endpoints
from hookserver.config import Settings, parse
from hookserver.models import Endpoint, Slot
from hookserver.nginx import Nginx
from tests.integration.nginx.backend import Backend
from tests.shop import operators_nginx
from tests.shop.operators_nginx import Operator
from tests.waiting import until

_PREFIX = "hs-nginx-"
APPS = """
[apps.shop]
repository = "push"
domains = ["shop.example.com"]
"""


@dataclass(frozen=True)
class PageAnswer:
    """The answer that a visitor got."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> Any:
        """The request as the backend received it, and the name of the backend."""
        return json.loads(self.body)


@pytest.fixture(scope="session")
def compiled() -> Iterator[None]:
    """A current Nginx from the newest source package, installed below /opt/nginx for as long as the tests run."""
    with operators_nginx.compiled():
        yield


@pytest.fixture(scope="session")
def cleared() -> None:
    """No Nginx, and no folder, of a run that was killed."""
    for folder in Path("/tmp").glob(f"{_PREFIX}*"):
        with _alive(folder) as is_left:
            if is_left:
                for instance in (folder, folder / "state/nginx"):
                    operators_nginx.end_instance(instance)
                shutil.rmtree(folder, ignore_errors=True)


@dataclass
class NginxSite:
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

    def warnings(self) -> list[str]:
        """The lines about variables of ours without a value in the error log."""
        log = self.operator.error_log if self.operator else self.folder / "logs/error.log"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return [line for line in lines if 'using uninitialized "hs_' in line]

    def stop(self) -> None:
        """Stop Nginx, in either mode."""
        if self.operator is None:
            Nginx(self.settings, patience=0.5).stop()
        else:
            self.operator.stop()

    def start(self) -> None:
        """Start Nginx, in either mode."""
        if self.operator is not None:
            self.operator.start()
        self.apply()

    def apply(self) -> bool:
        """Make Nginx follow the settings."""
        return self.nginx.apply(self.settings, self.all_endpoints)

    @property
    def all_endpoints(self) -> Endpoints:
        return all_endpoints(self.settings, self.numbers)

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
        return endpoints(settings.docker, app, self.numbers[app], slot, settings.apps[app].replicas)

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
    ) -> PageAnswer:
        connection = self.connect()
        try:
            connection.request(method, path, body, {"Host": host, **(headers or {})})
            response = connection.getresponse()
            return PageAnswer(response.status, dict(response.headers.items()), response.read().decode())
        finally:
            connection.close()

    def logged(self, answer: PageAnswer) -> dict[str, Any]:
        """The access log's line for ``answer``, which Nginx writes within a second."""
        found: list[dict[str, Any]] = []

        def look() -> bool:
            lines = (self.folder / "logs/access.log").read_text().splitlines()
            found[:] = [line for line in map(json.loads, lines) if line["request_id"] == answer.headers["X-Request-Id"]]
            return bool(found)

        until(look)
        return found[0]


@contextmanager
def _alive(folder: Path) -> Iterator[bool]:
    """Hold a test's folder, as a living test does until its end; False: another one does."""
    with (folder / "alive").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@pytest.fixture
def site(request: pytest.FixtureRequest, cleared: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[NginxSite]:
    """Of the mode ``managed``, or of another one that a test's parameter names.

    Nginx reports variables that have no value (``uninitialized_variable_warn``), and none of ours may be among them.
    """
    monkeypatch.setattr("hookserver.nginx.text.managed.ERROR_LEVEL", "warn")
    mode = getattr(request, "param", "managed")
    # Not pytest's own folder: Nginx's workers, of another user, may not enter that one.
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir="/tmp"))
    folder.chmod(0o711)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with ExitStack() as stack:
        stack.enter_context(_alive(folder))
        made = NginxSite(folder / "state", [port], stack)
        if mode == "compiled":
            request.getfixturevalue("compiled")
            made.operator = operators_nginx.hand_built(port)
        elif mode == "system":
            made.operator = operators_nginx.distribution(folder, port)
        if made.operator is not None:
            made.operator.start()
        try:
            yield made
        finally:
            folder.chmod(0o711)
            made.stop()
            warnings = made.warnings()
            shutil.rmtree(folder)
        assert warnings == []
