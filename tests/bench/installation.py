"""A hookserver of the bench's own with one shop, from ``up`` until the last container is gone."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import docker
import docker.errors
import requests

from hookserver.config import Settings, load
from hookserver.engine.labels import STATE_DIR
from hookserver.models import Step
from hookserver.nginx import Nginx
from hookserver.state.parent_death import end_with_parent
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from tests.bench import nginx_modes
from tests.shop.installation import free_port
from tests.shop.journal import unmount_journal
from tests.shop.operators_nginx import Operator
from tests.shop.web_user import share_settings, web_user
from tests.waiting import until

APP = "benchshop"
SUBNET = "172.30.208.0/20"
ROOT = Path(__file__).parents[2]
# The traffic flags below it must be in reach of Nginx's user, which a checkout often is not.
FOLDER = Path("/var/tmp/hookserver-bench")
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
_PUSH_DEADLINE = 300.0
_LAST = FOLDER / "last"
_OPERATORS = FOLDER / "operators-nginx"
_GIT = ["git", "-c", "user.name=bench", "-c", "user.email=bench@localhost"]


@dataclass(frozen=True)
class BenchPush:
    """A ``git push``: the deploy that brought it, and the Unix time at which it was begun."""

    deploy: int
    began: float


@dataclass(frozen=True)
class Accepted:
    """A rollback that was asked for, and the Unix time at which that was accepted."""

    deploy: int
    asked: float
    at: float


@dataclass(frozen=True)
class BenchSource:
    """The shop's source: ``make`` writes it into a folder that is not there yet, ``say`` makes it another version."""

    make: Callable[[Path], object]
    say: Callable[[Path, str], object]


def _say_in_pom(folder: Path, version: str) -> None:
    pom = folder / "pom.xml"
    pom.write_text(re.sub("<shop.version>.*?<", f"<shop.version>{version}<", pom.read_text()))


SAMPLE = BenchSource(
    lambda folder: shutil.copytree(ROOT / "deploy/sample", folder, ignore=shutil.ignore_patterns("target")),
    _say_in_pom,
)


class BenchInstallation:
    """A running hookserver. ``site`` is where the shop answers, ``pid`` the process of ``hookserver up``."""

    def __init__(self, site: str, settings: Settings, pid: int, source: BenchSource, operator: Operator | None) -> None:
        self.site = site
        self.settings = settings
        self.state: StateDir = settings.server.state
        self.pid = pid
        self._source = source
        self._operator = operator
        self._api = requests.Session()
        self._api.headers["Authorization"] = f"Bearer {self.state.push_token(APP).read_text().strip()}"

    @cached_property
    def docker(self) -> docker.DockerClient:
        """The engine that the shop runs on."""
        return docker.from_env()

    def push(self, version: str) -> BenchPush:
        """Push the shop as another version; returns once its deploy is live."""
        source = FOLDER / "shop"
        self._source.say(source, version)
        _run([*_GIT, "commit", "-qam", f"Version {version}"], source)
        began = time.time()
        output = _run(["git", "push", "origin", "main"], source)
        if "is live" not in output:
            raise RuntimeError(f"the push of version {version} did not go live:\n{output}")
        return BenchPush(self._live_deploy(), began)

    def _live_deploy(self) -> int:
        """The one whose release serves: a poll may have been quicker than a push."""
        answer = self._api.get(f"{self._url}/apps/{APP}", timeout=30)
        answer.raise_for_status()
        return int(answer.json()["live"]["deploy"])

    def rollback(self, to: int) -> Accepted:
        """Ask for the release of deploy ``to``; does not wait."""
        asked = time.time()
        answer = self._api.post(f"{self._url}/apps/{APP}/rollback", json={"to": to}, timeout=30)
        at = time.time()
        if answer.status_code != 202:
            raise RuntimeError(f"a rollback to deploy {to} is answered {answer.status_code}: {answer.text}")
        return Accepted(answer.json()["deploy"], asked, at)

    def change(self, line: str, to: str) -> None:
        """Write another line into the settings, and let the running hookserver take it up."""
        config = FOLDER / "hookserver.toml"
        config.write_text(config.read_text().replace(line, to))
        _run([sys.executable, "-m", "hookserver", "--config", str(config), "apply", "--yes"], ROOT)

    def publish(self, version: str) -> None:
        """Bring the shop as another version into the repository, without a push that anybody hears of."""
        source = FOLDER / "shop"
        self._source.say(source, version)
        _run([*_GIT, "commit", "-qam", f"Version {version}"], source)
        _run(["git", "fetch", "-q", str(source), "main:main"], self.state.push_repository(APP))

    @cached_property
    def store(self) -> Store:
        """The database itself, for what the API does not show."""
        return Store(self.state)

    def newest(self) -> int:
        """The number of the newest deploy."""
        return self.store.deploys(APP, 1)[0].number

    def is_busy(self) -> bool:
        """Whether a deploy waits or runs."""
        return bool(self.store.in_progress()) or not self.store.deploys(APP, 1)[0].status.is_over

    def builds_after(self, number: int) -> int:
        """How many deploys after this one have built an image."""
        later = range(number + 1, self.newest() + 1)
        return sum(Step.BUILD in {step.step for step in self.store.steps(number)} for number in later)

    def deploy(self, number: int) -> dict[str, Any]:
        """A deploy as the API shows it; its times are Unix seconds."""
        answer = self._api.get(f"{self._url}/deploys/{number}", timeout=30)
        answer.raise_for_status()
        return with_unix_times(answer.json())

    def ended(self, number: int, deadline: float = 200.0) -> dict[str, Any]:
        """The deploy once it is live and has drained."""
        until(lambda: self.deploy(number)["ended_at"], deadline, f"the end of deploy {number}")
        deploy = self.deploy(number)
        if not deploy["live_at"]:
            raise RuntimeError(f"deploy {number} is {deploy['status']}: {deploy['reason']}")
        return deploy

    def version(self) -> str:
        """The version that answers a new visitor now."""
        return requests.get(f"{self.site}/health", timeout=30, headers={"Connection": "close"}).headers[
            "X-Shop-Version"
        ]

    def serves_theirs(self) -> bool:
        """Whether the site that an operator's Nginx had before answers as it did; true where there is none."""
        return nginx_modes.serves_theirs(self._operator, self.site)

    @property
    def _url(self) -> str:
        return f"{self.settings.server.local_url}/api/v1"


@contextmanager
def installed(
    release: str = "",
    *,
    nginx: str = "managed",
    app: str = "",
    tomcat: str = "",
    build: str = "",
    source: BenchSource = SAMPLE,
) -> Iterator[BenchInstallation]:
    """One with nothing deployed yet, on one of the ways of ``nginx_modes``. Leaves nothing behind.

    ``app`` has lines for the app's table, ``release``, ``tomcat`` and ``build`` for those in it.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    FOLDER.mkdir(exist_ok=True)
    with ExitStack() as stack:
        fcntl.flock(stack.enter_context((FOLDER / "lock").open("w")), fcntl.LOCK_EX)
        _remove_everything()
        stack.callback(_remove_everything)
        port = free_port()
        site = f"127.0.0.1:{port}"
        operator = stack.enter_context(nginx_modes.operators_nginx(nginx, _OPERATORS, port))
        config = _write_settings(nginx_modes.lines(operator, site), app, release, tomcat, build)
        process = stack.enter_context(_up(config))
        settings = load(config).settings
        until(lambda: _is_ready(settings), 60.0, f"hookserver; see {_LAST}/hookserver.log")
        shop = BenchInstallation(f"http://{site}", settings, process.pid, source, operator)
        _make_source(source, str(shop.state.push_repository(APP)))
        yield shop


@contextmanager
def _up(config: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (FOLDER / "hookserver.log").open("w") as log:
        process = start([sys.executable, "-m", "hookserver", "--config", str(config), "up"], log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def start(command: list[str], log: IO[str]) -> subprocess.Popen[bytes]:
    """A process in the background that is ended when the bench is gone, however that went."""

    parent = os.getpid()
    return subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=log,
        stderr=log,
        start_new_session=True,
        preexec_fn=lambda: end_with_parent(parent, signal.SIGTERM),
    )


def with_unix_times(document: dict[str, Any]) -> dict[str, Any]:
    """The same with every ``…_at`` in Unix seconds, in its ``steps`` too."""
    read: dict[str, Any] = {
        key: datetime.fromisoformat(value).timestamp() if key.endswith("_at") and value else value
        for key, value in document.items()
    }
    return read | {"steps": [with_unix_times(step) for step in document["steps"]]} if "steps" in document else read


def _is_ready(settings: Settings) -> bool:
    hook = settings.server.state.push_repository(APP) / "hooks" / "post-receive"
    try:
        return hook.exists() and requests.get(f"{settings.server.local_url}/readyz", timeout=10).ok
    except requests.ConnectionError:
        return False


def _write_settings(nginx: str, app: str, release: str, tomcat: str, build: str) -> Path:
    text = f"""
        [server]
        listen = "127.0.0.1:{free_port()}"
        state_dir = "{FOLDER}/state"
        user = "{web_user()}"
        [nginx]
        {nginx}
        [docker]
        subnet = "{SUBNET}"
        [apps.{APP}]
        repository = "push"
        domains = ["127.0.0.1"]
        {app}
        [apps.{APP}.build]
        {f'ca_bundle = "{CA_BUNDLE}"' if CA_BUNDLE.exists() else ""}
        {build}
        [apps.{APP}.tomcat]
        {tomcat}
        [apps.{APP}.release]
        {release}
        """
    config = FOLDER / "hookserver.toml"
    config.write_text(text)
    share_settings(config)
    return config


def _make_source(source: BenchSource, remote: str) -> None:
    folder = FOLDER / "shop"
    source.make(folder)
    for command in (["init", "-qb", "main"], ["remote", "add", "origin", remote], ["add", "-A"]):
        _run(["git", *command], folder)
    _run([*_GIT, "commit", "-qm", "The shop"], folder)


def _run(command: list[str], folder: Path) -> str:
    outside = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            command, cwd=folder, env=outside, text=True, capture_output=True, check=False, timeout=_PUSH_DEADLINE
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"{' '.join(command)}: not done in {_PUSH_DEADLINE:g} s: {error.stdout!r}") from None
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr or done.stdout}")
    return done.stdout + done.stderr


def _remove_everything() -> None:
    """What this run, or one before it that was killed, has left: Nginx, containers, network, images, files."""
    config, state = FOLDER / "hookserver.toml", FOLDER / "state"
    if config.exists() and (state / "nginx").exists():
        Nginx(load(config).settings).stop()
    nginx_modes.end_leftover(_OPERATORS)
    engine = docker.from_env()
    ours: dict[str, str | list[str] | bool] = {"label": f"{STATE_DIR}={state}"}
    for container in engine.containers.list(all=True, filters=ours):
        container.remove(force=True, v=True)
    for network in engine.networks.list(filters=ours):
        network.remove()
    images = sorted(engine.images.list(all=True, filters=ours), key=lambda image: str(image.attrs["Created"]))
    for image in reversed(images):
        with suppress(docker.errors.ImageNotFound):
            engine.images.remove(str(image.id), force=True)
    engine.close()
    unmount_journal(StateDir(state))
    _keep_logs()
    for left in FOLDER.iterdir():
        if left.is_dir() and left != _LAST:
            shutil.rmtree(left)
        elif left.name not in ("lock", _LAST.name):
            left.unlink()


def _keep_logs() -> None:
    """Logs and reports of the run that ends stay until the next one ends."""
    found = [*FOLDER.glob("*.log"), *FOLDER.glob("*.json"), *FOLDER.glob("state/nginx/logs/*.log")]
    if found:
        shutil.rmtree(_LAST, ignore_errors=True)
        _LAST.mkdir()
        for file in found:
            shutil.move(file, _LAST / file.name)
