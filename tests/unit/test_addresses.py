"""Addresses are fixed and never shared."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

from hookserver.addresses import all_endpoints, endpoints
from hookserver.config import DockerSettings, parse
from hookserver.models import Slot


def test_no_two_replicas_of_any_app_share_an_address() -> None:
    app = '[apps.{0}]\nrepository = "push"\ndomains = ["{0}.example.com"]\nreplicas = 8\n'
    settings = parse("".join(app.format(f"a{n}") for n in range(255)), Path("x")).settings
    places = [
        endpoint
        for number, one in enumerate(settings.apps.values(), start=1)
        for slot in Slot
        for endpoint in endpoints(settings.docker, one.name, number, slot, one.replicas)
    ]
    addresses = {IPv4Address(place.host) for place in places}
    assert len(addresses) == len({place.name for place in places}) == 255 * 16
    assert all(address in settings.docker.subnet for address in addresses)
    assert settings.docker.subnet.network_address + 1 not in addresses


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
