from __future__ import annotations

import subprocess
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from hookserver.engine.client import Engine
from hookserver.engine.network import ensure_network, ensure_networks, network_name, remove_network
from hookserver.errors import BuildError
from tests.shop.leftovers import remove_all, state_dirs

ROOM = "172.30.120.0/24"
FIRST, SECOND = IPv4Network("172.30.120.0/27"), IPv4Network("172.30.120.32/27")


@pytest.fixture
def state_dir(engine: Engine, tmp_path: Path) -> Iterator[Path]:
    for killed in state_dirs(engine.api, ROOM):
        remove_all(engine.api, f"hookserver.state_dir={killed}")
    yield tmp_path
    remove_all(engine.api, f"hookserver.state_dir={tmp_path}")


def names(engine: Engine) -> set[str]:
    return {network["Name"] for network in engine.api.networks()}


def test_pruned_network_is_recreated(engine: Engine, state_dir: Path) -> None:
    ensure_networks(engine, [FIRST, SECOND], state_dir)
    engine.api.remove_network(network_name(FIRST))
    ensure_networks(engine, [FIRST, SECOND], state_dir)
    assert ensure_network(engine, FIRST, state_dir) == network_name(FIRST)
    assert names(engine) >= {network_name(FIRST), network_name(SECOND)}
    assert engine.api.inspect_network(network_name(FIRST))["IPAM"]["Config"][0]["Subnet"] == str(FIRST)


def test_removed_network_is_gone_and_one_of_others_stays(engine: Engine, state_dir: Path) -> None:
    for subnet, owner in ((FIRST, state_dir), (SECOND, state_dir / "other")):
        ensure_network(engine, subnet, owner)
    for _ in range(2):
        for subnet in (FIRST, SECOND):
            remove_network(engine, subnet, state_dir)
    try:
        assert network_name(FIRST) not in names(engine)
        assert network_name(SECOND) in names(engine)
    finally:
        remove_all(engine.api, f"hookserver.state_dir={state_dir / 'other'}")


def test_addresses_of_another_network_are_refused_with_its_name(engine: Engine, state_dir: Path) -> None:
    ipam = {"Driver": "default", "Config": [{"Subnet": "172.30.120.16/28"}]}
    labels = {"hookserver.state_dir": str(state_dir)}
    other = f"company-{state_dir.name}"
    engine.api.create_network(other, driver="bridge", labels=labels, ipam=ipam)  # type: ignore[arg-type]  # a dict works
    with pytest.raises(BuildError, match=f"routed already|{other}") as caught:
        ensure_network(engine, FIRST, state_dir)
    assert "docker.subnet" in caught.value.remedy


def test_routed_addresses_are_refused_with_the_device(engine: Engine, state_dir: Path) -> None:
    route = ["172.30.120.16/28", "dev", "lo"]
    subprocess.run(["ip", "route", "add", *route], check=True)
    try:
        with pytest.raises(BuildError, match=r"172\.30\.120\.16/28 on lo"):
            ensure_network(engine, FIRST, state_dir)
    finally:
        subprocess.run(["ip", "route", "del", *route], check=True)


def test_two_installations_do_not_share_a_network(engine: Engine, state_dir: Path) -> None:
    ensure_network(engine, FIRST, state_dir)
    with pytest.raises(BuildError, match=f"belongs to the installation in {state_dir}"):
        ensure_network(engine, FIRST, state_dir / "other")
