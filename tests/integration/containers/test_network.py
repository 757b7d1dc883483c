from __future__ import annotations

import subprocess
from collections.abc import Callable
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from docker import APIClient

from hookserver.config import DockerSettings
from hookserver.containers import Containers
from hookserver.errors import ContainerError
from tests.integration.containers.conftest import ReplicaSite

NAME = "hookserver-172.30.112.0-24"


def on(subnet: str, state_dir: Path) -> Containers:
    return Containers(DockerSettings(subnet=IPv4Network(subnet)), state_dir)


def test_pruned_network_is_recreated(installation: ReplicaSite, api: APIClient) -> None:
    installation.containers.tidy(())
    api.remove_network(NAME)
    installation.start()
    installation.containers.tidy(())
    assert api.inspect_network(NAME)["IPAM"]["Config"][0]["Subnet"] == "172.30.112.0/24"


def test_addresses_of_another_network_are_refused_with_its_name(
    installation: ReplicaSite, network: Callable[..., str]
) -> None:
    other = network(f"{installation.name}-company", "172.30.112.128/25")
    with pytest.raises(ContainerError, match=f"routed already|{other}") as caught:
        installation.containers.tidy(())
    assert "docker.subnet" in caught.value.remedy


def test_routed_addresses_are_refused_with_the_device(room: None, tmp_path: Path) -> None:
    route = ["172.30.120.128/25", "dev", "lo"]
    subprocess.run(["ip", "route", "add", *route], check=True)
    try:
        with pytest.raises(ContainerError, match=r"172\.30\.120\.128/25 on lo"):
            on("172.30.120.0/24", tmp_path).tidy(())
    finally:
        subprocess.run(["ip", "route", "del", *route], check=True)


def test_two_installations_do_not_share_a_network(installation: ReplicaSite, tmp_path: Path) -> None:
    installation.containers.tidy(())
    with pytest.raises(ContainerError, match=f"belongs to the installation in {tmp_path}"):
        on("172.30.112.0/24", tmp_path / "other").tidy(())
