"""Creating and removing containers, with Docker's answers that the real one seldom gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from docker.errors import APIError, NotFound

from hookserver.containers.own_containers import OwnContainers, image_environment
from hookserver.engine.client import Engine
from hookserver.errors import ContainerError


def refusal(status: int, kind: type[APIError] = APIError) -> APIError:
    response = requests.Response()
    response.status_code = status
    return kind("refused", response)


@dataclass
class DockerApi:
    """Docker's client: records the calls; each removal raises the next of ``refusals``, if one is left."""

    refusals: list[APIError] = field(default_factory=list)
    calls: list[tuple[Any, ...]] = field(default_factory=list)

    def inspect_image(self, image: str) -> dict[str, Any]:
        return {"Config": {"Env": ["JAVA_HOME=/opt/java", "LANG=C"]} if image == "tomcat" else None}

    def create_container_from_config(self, config: dict[str, Any], name: str) -> dict[str, str]:
        self.calls.append(("create", name, config))
        return {"Id": f"id-of-{name}"}

    def connect_container_to_network(self, container: str, network: str) -> None:
        self.calls.append(("connect", container, network))

    def remove_container(self, container: str, v: bool, force: bool) -> None:
        self.calls.append(("remove", container, v, force))
        if self.refusals:
            raise self.refusals.pop(0)

    def containers(self, *, filters: dict[str, list[str]], **options: bool) -> list[dict[str, Any]]:
        self.calls.append(("list", options, filters))
        return [
            {"Id": "a", "Names": ["/hs-a"], "Labels": {"hookserver.deploy": "7", "hookserver.name": "hs-a"}},
            {"Id": "b", "Names": ["/busy_cray"], "Labels": {"hookserver.deploy": "7", "hookserver.name": "hs-a"}},
        ]


@pytest.fixture
def api() -> DockerApi:
    return DockerApi()


@pytest.fixture
def own(api: DockerApi) -> OwnContainers:
    engine = Engine("unix:///no/docker.sock")
    vars(engine)["api"] = api
    return OwnContainers(engine, Path("/state"))


def test_list_names_only_the_labels_that_are_given(own: OwnContainers, api: DockerApi) -> None:
    assert own.ids("shop", deploy=7) == ["a"]
    ((_, options, filters),) = api.calls
    assert options == {"all": True}
    assert sorted(filters["label"]) == [
        "hookserver.app=shop",
        "hookserver.deploy=7",
        "hookserver.role=replica",
        "hookserver.state_dir=/state",
    ]


def test_prepare_containers_come_with_their_deploys(own: OwnContainers, api: DockerApi) -> None:
    assert own.prepare_containers() == [("a", 7)]
    assert "hookserver.role=prepare" in api.calls[0][2]["label"]


def test_container_is_connected_to_each_further_network(own: OwnContainers, api: DockerApi) -> None:
    assert own.create("web", {"Image": "i"}, ["database", "mail"]) == "id-of-web"
    assert api.calls == [
        ("create", "web", {"Image": "i"}),
        ("connect", "id-of-web", "database"),
        ("connect", "id-of-web", "mail"),
    ]


def test_removal_takes_running_containers_and_their_anonymous_volumes(own: OwnContainers, api: DockerApi) -> None:
    own.remove(["a"])
    assert api.calls == [("remove", "a", True, True)]


@pytest.mark.parametrize(
    ("refusals", "calls"),
    [([refusal(409), refusal(409)], 3), ([refusal(404, NotFound)], 1), ([refusal(409), refusal(404, NotFound)], 2)],
)
def test_removal_waits_for_another_one_and_ends_once_the_container_is_gone(
    own: OwnContainers, api: DockerApi, refusals: list[APIError], calls: int
) -> None:
    api.refusals = list(refusals)
    own.remove(["a"])
    assert len(api.calls) == calls


def test_refused_removal_is_an_error_at_once(own: OwnContainers, api: DockerApi) -> None:
    api.refusals = [refusal(500), refusal(500)]
    with pytest.raises(ContainerError, match="cannot remove the container abcdefabcdef"):
        own.remove(["abcdefabcdef0123"])
    assert len(api.calls) == 1


def test_removal_that_stays_refused_is_an_error(
    own: OwnContainers, api: DockerApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hookserver.containers.own_containers._REMOVAL", 0.2)
    api.refusals = [refusal(409)] * 50
    with pytest.raises(ContainerError, match="cannot remove"):
        own.remove(["a"])


@pytest.mark.parametrize(("image", "variables"), [("tomcat", {"JAVA_HOME": "/opt/java", "LANG": "C"}), ("bare", {})])
def test_environment_of_an_image(own: OwnContainers, image: str, variables: dict[str, str]) -> None:
    assert image_environment(own.engine, image) == variables
