"""What a replica can reach beside Nginx: its own app, its further networks, and nothing of other apps."""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Callable, Iterator

import pytest
from docker import APIClient

from tests.integration.containers.conftest import ReplicaSite

Foreign = Callable[..., str]
LISTENS = (
    "exec perl -MIO::Socket::INET -e "
    "'$s = IO::Socket::INET->new(LocalPort => 8080, Listen => 5) or die; while ($c = $s->accept) { close $c }'"
)
METADATA = "169.254.169.254"


def connects(api: APIClient, container: str, host: str, port: int = 8080) -> bool:
    """Whether a process in the container gets a connection within 2 seconds."""
    command = ["timeout", "2", "bash", "-c", f"exec 3<>/dev/tcp/{host}/{port}"]
    run = api.exec_create(container, command)["Id"]
    api.exec_start(run)
    return bool(api.exec_inspect(run)["ExitCode"] == 0)


@pytest.fixture
def neighbour(installation: ReplicaSite) -> ReplicaSite:
    """Another app of the same installation."""
    return dataclasses.replace(installation, name=f"{installation.name}-b", number=2)


@pytest.fixture
def metadata() -> Iterator[None]:
    """A server at the address of a cloud's metadata, on another machine."""
    setup = f"""
        ip netns add hs-metadata
        ip link add hs-metadata0 type veth peer name eth0 netns hs-metadata
        ip addr add 172.30.127.1/30 dev hs-metadata0
        ip link set hs-metadata0 up
        ip route add {METADATA} via 172.30.127.2
        ip -n hs-metadata addr add 172.30.127.2/30 dev eth0
        ip -n hs-metadata addr add {METADATA}/32 dev eth0
        ip -n hs-metadata link set eth0 up
        ip -n hs-metadata route add default via 172.30.127.1
    """
    subprocess.run(["ip", "netns", "del", "hs-metadata"], check=False, capture_output=True)
    for line in setup.strip().splitlines():
        subprocess.run(line.split(), check=True)
    inside = ["ip", "netns", "exec", "hs-metadata", "sh", "-c"]
    servers = [subprocess.Popen([*inside, LISTENS.replace("8080", port)]) for port in ("80", "53")]
    yield
    for server in servers:
        server.kill()
        server.wait()
    subprocess.run(["ip", "netns", "del", "hs-metadata"], check=True)


def test_app_reaches_its_own_replicas_and_none_of_another_app(
    installation: ReplicaSite, neighbour: ReplicaSite, api: APIClient, eventually: Callable[..., object]
) -> None:
    own, theirs = installation.start(LISTENS), neighbour.start(LISTENS)
    eventually(lambda: connects(api, own[0].name, own[1].host))
    eventually(lambda: connects(api, theirs[0].name, theirs[1].host))
    assert not connects(api, own[0].name, theirs[0].host)
    assert not connects(api, theirs[0].name, own[0].host)


def test_app_reaches_the_database_on_its_further_network(
    installation: ReplicaSite, api: APIClient, network: Callable[..., str], foreign: Foreign
) -> None:
    shared = network(f"{installation.name}-db", "172.30.121.0/24")
    database = foreign(f"{installation.name}-database", shared, shell=LISTENS)
    place = installation.start(networks=[shared])[0]
    assert connects(api, place.name, f"{installation.name}-database")
    assert api.inspect_container(database)["State"]["Running"]


def test_metadata_address_is_unreachable_for_replicas(
    installation: ReplicaSite,
    api: APIClient,
    network: Callable[..., str],
    metadata: None,
    eventually: Callable[..., object],
    foreign: Foreign,
) -> None:
    first = network(f"a-{installation.name}", "172.30.121.0/24")  # its name would make it the default gateway
    other = foreign(f"{installation.name}-other", first)
    eventually(lambda: connects(api, other, METADATA, 80))
    place = installation.start(networks=[first])[0]
    assert not connects(api, place.name, METADATA, 80)
    assert connects(api, place.name, METADATA, 53), "a name server may have such an address"
