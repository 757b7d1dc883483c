from __future__ import annotations

from typing import Any

import pytest

from hookserver.containers.conflicts import leftovers
from hookserver.errors import ContainerError
from hookserver.models import Endpoint, Slot

OURS = {
    "hookserver.state_dir": "/state",
    "hookserver.role": "replica",
    "hookserver.app": "shop",
    "hookserver.slot": "blue",
}
PLACES = [Endpoint(name="hs-shop-blue1", route="blue1", host="172.30.112.24")]


def container(name: str, address: str = "", fixed: str = "", **labels: str) -> dict[str, Any]:
    place = {"IPAddress": address, "IPAMConfig": {"IPv4Address": fixed} if fixed else None}
    return {
        "Id": f"id of {name}",
        "Names": [f"/{name}"],
        "Labels": {"hookserver.name": name, **labels},
        "NetworkSettings": {"Networks": {"net": place}},
    }


def found(*everything: dict[str, Any], spared: tuple[str, ...] = ()) -> list[str]:
    return leftovers(everything, "/state", "shop", Slot.BLUE, PLACES, "net", spared)


def test_leftovers_are_the_containers_of_the_slot_except_the_spared() -> None:
    first, second = container("hs-shop-blue1", "172.30.112.24", **OURS), container("hs-shop-blue2", **OURS)
    assert found(first, second) == ["id of hs-shop-blue1", "id of hs-shop-blue2"]
    assert found(first, second, spared=("hs-shop-blue1",)) == ["id of hs-shop-blue2"]


def test_containers_in_other_places_are_no_leftovers() -> None:
    green, others = (
        container("hs-shop-green1", **{**OURS, "hookserver.slot": "green"}),
        container("database", "172.30.112.9"),
    )
    assert found(green, others, {"Id": "0123456789abcdef", "Names": None, "Labels": None}) == []


@pytest.mark.parametrize(
    "other",
    [
        container("hs-shop-blue1"),
        container("database", "172.30.112.24"),
        container("stopped", fixed="172.30.112.24"),
        container("hs-shop-blue1", **{**OURS, "hookserver.state_dir": "/another"}),
        container("theirs", "172.30.112.24", **{**OURS, "hookserver.app": "blog"}),
        container("inherits", "172.30.112.24", **{**OURS, "hookserver.name": "hs-shop-blue1"}),
    ],
)
def test_container_of_others_in_a_place_is_refused_with_its_name(other: dict[str, Any]) -> None:
    with pytest.raises(ContainerError) as error:
        found(other)
    name = other["Names"][0].lstrip("/")
    assert name in error.value.problem
    assert f"docker rm -f {name}" in error.value.remedy
