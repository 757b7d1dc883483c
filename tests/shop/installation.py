"""A hookserver of the test's own: its folder, ports and subnet, started and killed as real processes."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, TypeVar

import docker

from hookserver.config import Settings, load
from hookserver.engine.client import Engine
from hookserver.engine.metadata_address import set_reachable
from hookserver.models import Slot
from hookserver.nginx import Nginx
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from tests.shop import leftovers
from tests.shop.docker_daemon import remove_killed_daemons
from tests.shop.journal import unmount_journal
from tests.shop.processes import ShopProcesses
from tests.shop.project import ShopProject
from tests.shop.visitors import Visitors
from tests.shop.web_user import share_settings, web_user
from tests.waiting import until

T = TypeVar("T")
CANARY = "canary-7f3a-do-not-show"
"""A secret of every app's; it must turn up nowhere."""

_SERVER = """
[server]
state_dir = "{folder}/state"
user = "{user}"
listen = "127.0.0.1:{web}"
[nginx]
listen = ["127.0.0.1:{site}"]
[docker]
subnet = "{subnet}"
host = "{docker}"
"""
_APP = """
[apps.{name}]
repository = {repository}
domains = ["{name}.test"]
webhook_secret = "{canary}-hook"
replicas = {replicas}
{app}
[apps.{name}.build]
env = {{ DB_PASSWORD = "{canary}-build" }}
{build}
[apps.{name}.tomcat]
memory = "{memory}"
java_opts = "{jvm} {java_opts}"
env = {{ DB_PASSWORD = "{canary}-run" }}
{tomcat}
[apps.{name}.health]
path = "/health"
{health}
[apps.{name}.release]
{release}
"""
SCRIPT = 'kind = "maven"\nimage = "tomcat:10.1-jdk17-temurin"\ncommand = "sh ./build.sh"\nwar = "target/app.war"'
"""The keys of a build that runs the repository's own script in a container."""


@dataclass(frozen=True)
class Answer:
    """The answer to a request."""

    status: int
    headers: Mapping[str, str]
    text: str
    seconds: float

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass
class Installation:
    """Created by `installed`. Its subnet and app names are used by no other on the Docker engine."""

    folder: Path
    subnet: str
    web_port: int
    site_port: int
    docker_host: str = ""
    apps: dict[str, str] = field(default_factory=dict)
    _up: subprocess.Popen[bytes] | None = None

    def add_app(
        self,
        name: str,
        *,
        repository: str = "push",
        replicas: int = 1,
        health: str = 'timeout = "20s"\ndeadline = "90s"',
        app: str = "",
        build: str = 'kind = "war"',
        memory: str = "192m",
        jvm: str = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        java_opts: str = "",
        tomcat: str = "",
        release: str = "",
    ) -> ShopProject:
        """Add an app; the texts are further lines of its tables. A running hookserver needs a restart, or ``apply``.

        ``jvm``: a small app starts sooner with these options; a measurement leaves them out.
        """
        self.apps[name] = _APP.format(
            name=name,
            repository=json.dumps(repository),
            canary=CANARY,
            replicas=replicas,
            health=health,
            app=app,
            build=build,
            memory=memory,
            jvm=jvm,
            java_opts=java_opts,
            tomcat=tomcat,
            release=release,
        )
        self.write_settings()
        remote = self.state.push_repository(name) if repository == "push" else self.folder / f"{name}.git"
        return ShopProject(name, self.folder / "work" / name, remote)

    @property
    def config(self) -> Path:
        return self.folder / "hookserver.toml"

    @property
    def settings(self) -> Settings:
        return load(self.config).settings

    @property
    def state(self) -> StateDir:
        return StateDir(self.folder / "state")

    @cached_property
    def store(self) -> Store:
        """The database itself, for what the API does not show."""
        return Store(self.state)

    @property
    def nginx(self) -> Nginx:
        return Nginx(self.settings)

    @cached_property
    def docker(self) -> docker.DockerClient:
        return docker.DockerClient(base_url=self.docker_host or None)

    @property
    def processes(self) -> ShopProcesses:
        return ShopProcesses(str(self.config))

    @cached_property
    def token(self) -> str:
        return self.command("token", "create", "test", "--scope", "admin").stdout.strip()

    def start(self) -> None:
        """Run ``hookserver up``, and wait until everything is ready for a push."""
        with (self.folder / "up.log").open("ab") as log:
            self._up = subprocess.Popen(
                [sys.executable, "-m", "hookserver", "--config", str(self.config), "up"],
                env={**os.environ, "GIT_CONFIG_GLOBAL": str(self._git_config())},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            until(lambda: self._has_ended() or self.is_ready(), 60)
            assert not self._has_ended(), "it ended"
        except AssertionError as error:
            raise AssertionError(f"{error}:\n{(self.folder / 'up.log').read_text()[-3000:]}") from None

    def wait_for_polls(self, app: str) -> None:
        """Wait until a poll of the app's branch that began after this call has ended, and its outcome is stored."""
        before = self._polls(app)
        # Polls of an app follow each other, so the second one begins after the first has ended.
        until(lambda: self._polls(app) >= before + 2, 30, f"two polls of {app}")

    def _polls(self, app: str) -> int:
        """How many polls of the app's branch have begun."""
        repository = self.state.push_repository(app).name
        lines = self._git_trace.read_text().splitlines() if self._git_trace.exists() else []
        commands = [event["argv"] for event in map(json.loads, lines) if event["event"] == "start"]
        return sum(command[:2] == ["git", "ls-remote"] and repository in command for command in commands)

    @property
    def _git_trace(self) -> Path:
        return self.folder / "git-trace"

    def _git_config(self) -> Path:
        """The configuration of the user that hookserver runs as: git writes down each of its commands, api-trace2."""
        file = self.folder / "gitconfig"
        file.write_text(f'[trace2]\n\teventTarget = "{self._git_trace}"\n\teventBrief = true\n')
        return file

    def _has_ended(self) -> bool:
        return self._up is not None and self._up.poll() is not None

    def is_ready(self) -> bool:
        """Whether web and worker run, and the push repositories and Nginx are ready."""
        try:
            ready = self.ask("GET", "/readyz").status == 200 and self.visit(next(iter(self.apps), "nobody")).status > 0
        except (OSError, http.client.HTTPException):
            return False
        pushed = [name for name, app in self.settings.apps.items() if app.repository == "push"]
        return ready and all((self.state.push_repository(name) / "hooks/post-receive").exists() for name in pushed)

    def stop(self) -> float:
        """Send SIGTERM and wait for the end; returns the seconds that took."""
        assert self._up is not None
        began = time.monotonic()
        self._up.terminate()
        self._up.wait(60)
        until(lambda: not self.processes.all(), 10)
        return time.monotonic() - began

    def kill_all(self) -> None:
        """Send SIGKILL to every process of hookserver; Nginx and the containers stay."""
        while pids := self.processes.all():
            for pid in pids:
                self.processes.kill(pid)
            time.sleep(0.01)
        if self._up is not None:
            self._up.wait(10)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the command line."""
        line = [sys.executable, "-m", "hookserver", "--config", str(self.config), *arguments]
        return subprocess.run(line, capture_output=True, text=True, check=False, timeout=120)

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, timeout: float = 90
    ) -> Answer:
        """Send a request to the web process, with the token if it is for the API."""
        sent = dict(headers or {})
        if path.startswith("/api/"):
            sent["Authorization"] = f"Bearer {self.token}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        return _request(self.web_port, method, path, body, sent, timeout)

    def ask_patiently(self, method: str, path: str, body: Any = None) -> Answer:
        """As ``ask``, repeated for 60 s while there is no answer, or 503."""
        deadline = time.monotonic() + 60
        while True:
            try:
                answer = self.ask(method, path, body)
            except (OSError, http.client.HTTPException) as error:
                last = repr(error)
            else:
                if answer.status != 503:
                    return answer
                last = answer.text
            assert time.monotonic() < deadline, f"{method} {path}: {last}"
            time.sleep(0.2)

    def visit(self, app: str, path: str = "/", timeout: float = 30) -> Answer:
        """A visitor's request, through Nginx."""
        return _request(self.site_port, "GET", path, None, {"Host": f"{app}.test"}, timeout)

    def visitors(self, app: str) -> Visitors:
        """Visitors of the app, for a ``with`` block."""
        return Visitors(self.site_port, f"{app}.test")

    def deploy(self, number: int) -> dict[str, Any]:
        """A deploy as the API shows it."""
        deploy: dict[str, Any] = self.ask("GET", f"/api/v1/deploys/{number}").json
        return deploy

    def log(self, number: int) -> str:
        """A deploy's log."""
        return self.ask("GET", f"/api/v1/deploys/{number}/log").text

    def latest(self, app: str) -> int:
        """The number of the app's newest deploy; 0 if it has none."""
        deploys = self.store.deploys(app, 1)
        return deploys[0].number if deploys else 0

    def ended(self, number: int, seconds: float = 150) -> dict[str, Any]:
        """The deploy, once it has ended with its drain."""
        until(lambda: self.store.deploy(number).ended_at is not None, seconds, f"the end of deploy {number}")
        return self.deploy(number)

    def reached(self, number: int, step: str, seconds: float = 120) -> None:
        """Wait until the deploy is in the step; returns within some 3 ms."""
        until(lambda: self.store.deploy(number).step == step, seconds, f"step {step} of deploy {number}", 0.001)

    def live_slot(self, app: str) -> Slot | None:
        """The slot to which Nginx sends the app's visitors."""
        return self.nginx.get(app).live

    def containers(self, role: str = "replica", app: str = "") -> list[Any]:
        """The containers of this installation, running or not."""
        labels = [f"hookserver.state_dir={self.state.root}", f"hookserver.role={role}"]
        labels += [f"hookserver.app={app}"] if app else []
        found: list[Any] = self.docker.containers.list(all=True, filters={"label": labels}, ignore_removed=True)
        return found

    def clear_leftovers(self) -> None:
        """Remove what a killed test run has left on the subnet."""
        for state in leftovers.state_dirs(self.docker.api, self.subnet):
            if state.parent.name.startswith(leftovers.PREFIX):
                Installation(state.parent, self.subnet, 0, 0, self.docker_host).destroy()
            else:
                leftovers.remove_all(self.docker.api, f"hookserver.state_dir={state}")
        remove_killed_daemons()

    def destroy(self) -> None:
        """Stop it, and remove everything that it created."""
        self.kill_all()
        if self.config.exists():
            self.nginx.stop()
        self.store.close()
        leftovers.remove_all(self.docker.api, f"hookserver.state_dir={self.state.root}")
        set_reachable(Engine(""), IPv4Network(self.subnet), True)
        self.docker.close()
        unmount_journal(self.state)
        shutil.rmtree(self.folder, ignore_errors=True)

    def write_settings(self) -> None:
        """Write the settings file from ``apps``; hookserver reads it at its next start."""
        server = _SERVER.format(
            folder=self.folder,
            user=web_user(),
            web=self.web_port,
            site=self.site_port,
            subnet=self.subnet,
            docker=self.docker_host,
        )
        self.config.write_text(server + "".join(self.apps.values()))
        share_settings(self.config)


@contextmanager
def installed(subnet: str, docker_host: str = "") -> Iterator[Installation]:
    """An installation without apps, not started. The end of the block removes all of it."""
    # Without its bridge, a packet for the subnet must end here.
    subprocess.run(["ip", "route", "replace", "unreachable", subnet, "metric", "4278198272"], check=True)
    # Not pytest's own folder: Nginx's workers, of another user, may not enter that one.
    folder = Path(tempfile.mkdtemp(prefix=leftovers.PREFIX, dir="/tmp"))
    folder.chmod(0o711)
    made = Installation(folder, subnet, free_port(), free_port(), docker_host)
    made.clear_leftovers()
    try:
        yield made
    finally:
        made.destroy()
        subprocess.run(["ip", "route", "del", "unreachable", subnet, "metric", "4278198272"], check=False)


def free_port() -> int:
    """A free port of the loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _request(port: int, method: str, path: str, body: Any, headers: Mapping[str, str], timeout: float) -> Answer:
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body, dict(headers))
        with connection.getresponse() as response:
            text = response.read().decode("utf-8", "replace")
            return Answer(response.status, dict(response.headers.items()), text, time.monotonic() - began)
    finally:
        connection.close()
