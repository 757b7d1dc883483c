"""Replicas of one app without a worker: a test builds the images, starts, freezes and kills them, and asks each."""

from __future__ import annotations

import http.client
import itertools
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from pathlib import Path

from docker import APIClient

from hookserver.addresses import app_subnet, endpoints
from hookserver.builders import BuildJob, DockerImages
from hookserver.config import AppSettings, DockerSettings
from hookserver.containers import Containers
from hookserver.deploy_log import DeployLog
from hookserver.engine.client import Engine
from hookserver.engine.metadata_address import set_reachable
from hookserver.models import Endpoint, Release, Slot
from hookserver.state.state_dir import StateDir
from tests.shop import leftovers
from tests.waiting import until

ROUTE = ["metric", "4278198272"]
USUAL = "10.1-jdk17"


@dataclass(frozen=True)
class Replicas:
    """An installation without a worker, below ``root``. ``name`` is the app's, unless a test has another."""

    root: Path
    name: str
    docker: DockerSettings
    api: APIClient
    containers: Containers
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    images: dict[tuple[str, str, bytes], str] = field(default_factory=dict)

    def app(self, line: str = USUAL, volumes: tuple[str, ...] = (), **release: str) -> AppSettings:
        """The settings of an app with shared sessions, unless ``release`` says otherwise."""
        return AppSettings.model_validate(
            {
                "name": self.name,
                "repository": "push",
                "domains": ["shop.example.com"],
                "build": {"kind": "war"},
                "tomcat": {
                    "image": f"tomcat:{line}-temurin",
                    "memory": "256m",
                    "java_opts": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
                    "volumes": volumes,
                },
                "release": {"sessions": "shared", **release},
            }
        )

    def image(self, app: AppSettings, war: bytes) -> str:
        """The id of the image with the WAR."""
        key = (app.tomcat.image, app.release.sessions, war)
        if key not in self.images:
            number = next(self.numbers)
            work = self.root / "work" / str(number)
            (work / "source").mkdir(parents=True)
            (work / "source" / "app.war").write_bytes(war)
            images, log = DockerImages(self.docker, StateDir(self.root), "salt"), DeployLog(self.root / f"{number}.log")
            try:
                self.images[key] = images.build(self.job(app, number, work), log)
            finally:
                log.close()
                images.close()
        return self.images[key]

    def job(self, app: AppSettings, number: int, work: Path) -> BuildJob:
        return BuildJob(app, number, f"{number:040x}", work / "source", work, app_subnet(self.docker, 1))

    def start(self, app: AppSettings, slot: Slot, war: bytes, replicas: int = 1) -> list[Endpoint]:
        """Replicas of the slot that answer."""
        release = Release(next(self.numbers), app.name, "c" * 40, self.image(app, war), slot, replicas)
        places = endpoints(self.docker, app.name, 1, slot, replicas)
        self.containers.start(app, release, places)
        for place in places:
            self.answers(place)
        return places

    def pair(self, app: AppSettings, war: bytes) -> tuple[Endpoint, Endpoint]:
        """A replica of each slot that answers."""
        (blue,), (green,) = (self.start(app, slot, war) for slot in Slot)
        return blue, green

    def restart(self, *places: Endpoint, killed: bool = True) -> None:
        """Kill these replicas at once, unless they are dead already, and start them again, as Docker does itself."""
        for place in places if killed else ():
            self.api.kill(place.name)
        for place in places:
            self.api.start(place.name)
        for place in places:
            self.answers(place)

    def answers(self, place: Endpoint) -> None:
        """Wait until the replica answers."""
        until(lambda: ask(place, "/").status == 200, 90, place.name)

    def messages(self, slot: Slot) -> str:
        """What our classes told a person in the logs of the slot's replicas."""
        return "\n".join(self.containers.session_messages(self.name, slot, 0))

    def told(self, *places: Endpoint) -> list[str]:
        """What the application was told of its sessions, at these replicas."""
        lines = [line for place in places for line in self.containers.last_lines(place.name, 400).splitlines()]
        return [line.partition("told: ")[2] for line in lines if "told: " in line]

    @property
    def store(self) -> Path:
        """Where the app's sessions are stored."""
        return self.root / "sessions" / self.name

    def stored(self) -> list[Path]:
        """The files of the app's sessions."""
        found = [path for path in self.store.rglob("*") if path.name != "lock" and path.suffix != ".tmp"]
        return sorted(path for path in found if path.is_file())

    def clear(self) -> None:
        """Remove the containers, and the sessions with them."""
        for container in self.api.containers(all=True, filters={"label": f"hookserver.state_dir={self.root}"}):
            self.api.remove_container(container["Id"], v=True, force=True)
        for path in self.store.iterdir() if self.store.exists() else ():
            shutil.rmtree(path) if path.is_dir() else path.unlink()


@dataclass(frozen=True)
class ReplicaAnswer:
    """The answer of a replica, and its seconds; ``cookie``: the session's id that the visitor has now."""

    status: int
    text: str
    cookie: str
    seconds: float
    elsewhere: str | None = None


def ask(place: Endpoint, path: str, cookie: str = "", **headers: str) -> ReplicaAnswer:
    """Status 0: nobody answers there."""
    connection = http.client.HTTPConnection(place.host, place.port, timeout=20)
    sent = {"Cookie": f"JSESSIONID={cookie}"} if cookie else {}
    began = time.monotonic()
    try:
        connection.request("GET", path, headers={**sent, **headers})
        answer = connection.getresponse()
        text = answer.read().decode().strip()
    except (OSError, http.client.HTTPException):
        return ReplicaAnswer(0, "", "", time.monotonic() - began)
    finally:
        connection.close()
    made = re.search(r"JSESSIONID=([^;]+)", answer.getheader("Set-Cookie") or "")
    elsewhere = answer.getheader("X-Accel-Redirect")
    return ReplicaAnswer(answer.status, text, made[1] if made else cookie, time.monotonic() - began, elsewhere)


@contextmanager
def replicas_below(root: Path, name: str, subnet: str) -> Iterator[Replicas]:
    """Those of one app; the end of the block removes all of them, as the begin does with what a killed run left."""
    subprocess.run(["ip", "route", "replace", "unreachable", subnet, *ROUTE], check=True)
    settings = DockerSettings(subnet=IPv4Network(subnet))
    api = APIClient(timeout=60)
    for killed in leftovers.state_dirs(api, subnet):
        leftovers.remove_all(api, f"hookserver.state_dir={killed}")
    made = Replicas(root, name, settings, api, Containers(settings, root))
    try:
        yield made
    finally:
        leftovers.remove_all(api, f"hookserver.state_dir={root}")
        api.close()
        set_reachable(Engine(""), settings.subnet, True)
        subprocess.run(["ip", "route", "del", "unreachable", subnet, *ROUTE], check=False)
