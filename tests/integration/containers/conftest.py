"""An installation of this test's own on the real Docker Engine."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
from docker import APIClient

from hookserver.addresses import endpoints
from hookserver.config import AppSettings, DockerSettings
from hookserver.containers import Containers
from hookserver.engine.client import Engine
from hookserver.engine.metadata_address import set_reachable
from hookserver.models import Endpoint, Release, Slot
from hookserver.pipeline.liveness import check_alive
from tests.shop.leftovers import remove_all, state_dirs

ROOM = "172.30.112.0/20"
SUBNET = IPv4Network("172.30.112.0/24")
APP_SUBNET = IPv4Network("172.30.112.0/27")
"""Of the app with the number 1."""
BASE = "tomcat:10.1-jdk17-temurin"
MINE = "hookserver.containers-tests"

SERVES = "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.1; done"


@dataclass(frozen=True)
class ReplicaSite:
    """Containers with a state folder of their own, and an app to run; ``shell`` is what its replicas do."""

    containers: Containers
    state_dir: Path
    name: str
    image: Callable[[str], str]
    number: int = 1

    def app(self, sessions: str = "sticky", **tomcat: Any) -> AppSettings:
        facts = {"name": self.name, "repository": "/srv/shop.git", "domains": ["shop.example.com"], "tomcat": tomcat}
        return AppSettings.model_validate({**facts, "release": {"sessions": sessions}})

    def release(self, shell: str = SERVES, deploy: int = 7, slot: Slot = Slot.BLUE) -> Release:
        return Release(deploy, self.name, "c" * 40, self.image(shell), slot, 2)

    def start(self, shell: str = SERVES, deploy: int = 7, slot: Slot = Slot.BLUE, **tomcat: Any) -> list[Endpoint]:
        release = self.release(shell, deploy, slot)
        self.containers.start(self.app(**tomcat), release, self.endpoints(release))
        return self.endpoints(release)

    def endpoints(self, release: Release) -> list[Endpoint]:
        return endpoints(DockerSettings(subnet=SUBNET), release.app, self.number, release.slot, release.replicas)

    def check_alive(self, deploy: int = 7) -> None:
        """Raises as ``liveness.check_alive``, for the release in the blue slot."""
        check_alive(self.containers, Release(deploy, self.name, "c" * 40, "", Slot.BLUE, 2))


@pytest.fixture(scope="session")
def api() -> Iterator[APIClient]:
    client = APIClient(timeout=60)
    yield client
    client.close()


@pytest.fixture(scope="session")
def image(api: APIClient, room: None) -> Iterator[Callable[[str], str]]:
    """``image(shell)``: an image that runs this shell command."""
    made: dict[str, str] = {}

    def make(shell: str) -> str:
        if shell not in made:
            base = api.create_container(BASE, ["true"], labels={MINE: "image"})["Id"]
            quoted = shell.replace("\\", "\\\\").replace('"', '\\"')
            made[shell] = api.commit(base, changes=[f'CMD ["sh", "-c", "{quoted}"]'])["Id"]
            api.remove_container(base)
        return made[shell]

    yield make
    for id_ in made.values():
        api.remove_image(id_, force=True, noprune=True)


@pytest.fixture(scope="session")
def room(api: APIClient) -> None:
    """The tests' addresses lead nowhere until a network of ours takes them; what a killed run left there is gone."""
    remove_all(api, MINE)
    for killed in state_dirs(api, ROOM):
        remove_all(api, f"hookserver.state_dir={killed}")
    subprocess.run(["ip", "route", "replace", "unreachable", ROOM, "metric", "4278198272"], check=True)


@pytest.fixture
def installation(api: APIClient, image: Callable[[str], str], room: None, tmp_path: Path) -> Iterator[ReplicaSite]:
    name = f"hctest-{secrets.token_hex(3)}"
    yield ReplicaSite(Containers(DockerSettings(subnet=SUBNET), tmp_path), tmp_path, name, image)
    remove_all(api, f"hookserver.state_dir={tmp_path}")
    set_reachable(Engine(""), SUBNET, True)


@pytest.fixture
def foreign(api: APIClient, image: Callable[[str], str], tmp_path: Path) -> Iterator[Callable[..., str]]:
    """``foreign(name, network, address, labels, shell)``: a running container that is not ours; its id."""
    label = secrets.token_hex(4)

    def make(
        name: str,
        network: str = "none",
        address: str = "",
        labels: Mapping[str, str] | None = None,
        shell: str = SERVES,
    ) -> str:
        place = api.create_endpoint_config(ipv4_address=address or None)
        id_: str = api.create_container(
            image(shell),
            name=name,
            labels={**(labels or {}), MINE: label},
            host_config=api.create_host_config(network_mode=network),
            networking_config={"EndpointsConfig": {network: place}} if address else None,
        )["Id"]
        api.start(id_)
        return id_

    yield make
    remove_all(api, f"{MINE}={label}")


@pytest.fixture
def network(api: APIClient, room: None) -> Iterator[Callable[..., str]]:
    """``network(name, subnet)``: a Docker network that is not ours."""
    label = secrets.token_hex(4)

    def make(name: str, subnet: str) -> str:
        ipam = {"Driver": "default", "Config": [{"Subnet": subnet}]}
        api.create_network(name, driver="bridge", labels={MINE: label}, ipam=ipam)  # type: ignore[arg-type]  # a dict works
        return name

    yield make
    remove_all(api, f"{MINE}={label}")
