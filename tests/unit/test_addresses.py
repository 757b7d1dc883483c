"""Addresses are fixed and never shared."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from hookserver.addresses import all_endpoints, app_subnet, endpoints, subnet_of
from hookserver.config import DockerSettings, parse
from hookserver.errors import DeployFailed
from hookserver.models import Slot


def test_no_two_replicas_of_any_app_share_an_address() -> None:
    app = '[apps.{0}]\nrepository = "push"\ndomains = ["{0}.example.com"]\nreplicas = 8\n'
    settings = parse("".join(app.format(f"a{n}") for n in range(128)), Path("x")).settings
    places = [
        endpoint
        for number, one in enumerate(settings.apps.values(), start=1)
        for slot in Slot
        for endpoint in endpoints(settings.docker, one.name, number, slot, one.replicas)
    ]
    addresses = {IPv4Address(place.host) for place in places}
    assert len(addresses) == len({place.name for place in places}) == 128 * 16
    assert all(address in settings.docker.subnet for address in addresses)
    assert settings.docker.subnet.network_address + 1 not in addresses


def test_each_app_has_a_network_of_its_own() -> None:
    docker = DockerSettings(subnet=IPv4Network("172.30.240.0/26"))
    first, second = app_subnet(docker, 1), app_subnet(docker, 2)
    assert (str(first), str(second)) == ("172.30.240.0/27", "172.30.240.32/27")
    for slot in Slot:
        assert {subnet_of(place) for place in endpoints(docker, "blog", 2, slot, 8)} == {second}
    for number in (0, -1, 3):
        with pytest.raises(DeployFailed, match="has room for 2 apps"):
            app_subnet(docker, number)


def test_gateway_and_the_addresses_that_docker_assigns_are_no_replicas() -> None:
    every = {IPv4Address(p.host) for slot in Slot for p in endpoints(DockerSettings(), "shop", 1, slot, 8)}
    assert every == {IPv4Address("172.30.240.8") + n for n in range(16)}


def test_replica_keeps_its_address_when_there_are_more() -> None:
    few = endpoints(DockerSettings(), "shop", 1, Slot.GREEN, 2)
    assert few == endpoints(DockerSettings(), "shop", 1, Slot.GREEN, 4)[:2]
    assert [place.route for place in few] == ["green1", "green2"]


def test_all_endpoints_follow_what_runs_in_a_slot_and_else_the_settings() -> None:
    settings = parse('[apps.shop]\nrepository = "push"\ndomains = ["a.test"]\nreplicas = 3\n', Path("x")).settings
    every = all_endpoints(settings, {"shop": 4}, {"shop": {Slot.BLUE: 1}})
    assert every == {
        "shop": {
            Slot.BLUE: endpoints(settings.docker, "shop", 4, Slot.BLUE, 1),
            Slot.GREEN: endpoints(settings.docker, "shop", 4, Slot.GREEN, 3),
        }
    }
