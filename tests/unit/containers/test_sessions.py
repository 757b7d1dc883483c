"""The users of replicas, with Docker's answers; tests/integration has the real ones."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from docker.errors import APIError

from hookserver.containers.sessions import admit, configured_user, make_folder, running_users, share
from hookserver.engine.client import Engine
from hookserver.errors import ContainerError
from hookserver.models import Replica, ReplicaState, Slot

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to other users")


@dataclass
class DockerApi:
    """Docker's client: the users of each container's processes, by its id; a number refuses with that status."""

    users: dict[str, list[int] | int] = field(default_factory=dict)
    user: str = ""
    options: list[str] | None = None

    def inspect_image(self, _image: str) -> dict[str, Any]:
        return {"Config": {"User": self.user}}

    def info(self) -> dict[str, Any]:
        return {"SecurityOptions": self.options}

    def top(self, container: str, ps_args: str) -> dict[str, Any]:
        assert ps_args == "-eo pid,uid"
        found = self.users[container]
        if isinstance(found, int):
            response = requests.Response()
            response.status_code = found
            raise APIError("refused", response)
        return {"Titles": ["PID", "UID"], "Processes": [["7", str(user)] for user in found]}


def engine(api: DockerApi) -> Engine:
    made = Engine("unix:///no/docker.sock")
    vars(made)["api"] = api
    return made


def replica(id_: str, slot: Slot = Slot.BLUE, state: ReplicaState = ReplicaState.RUNNING) -> Replica:
    return Replica(id_, f"hs-shop-{id_}", "shop", slot, 7, state)


@pytest.mark.parametrize(
    ("user", "number"), [("", 0), ("0:0", 0), ("1000", 1000), ("1000:tomcat", 1000), ("tomcat", None), ("²", None)]
)
def test_user_of_an_image_is_known_where_it_is_a_number(user: str, number: int | None) -> None:
    assert configured_user(engine(DockerApi(user=user, options=["name=seccomp,profile=builtin"])), "i") == number


@pytest.mark.parametrize("option", ["name=userns", "name=rootless"])
def test_in_a_user_namespace_only_a_process_shows_the_hosts_number(option: str) -> None:
    assert configured_user(engine(DockerApi(user="1000", options=[option])), "i") is None


def test_users_of_replicas_are_those_of_their_processes_with_root_last() -> None:
    api = DockerApi({"a": [0, 1000, 1000], "b": [1000]})
    assert running_users(engine(api), [replica("a"), replica("b")]) == [1000, 0]
    assert running_users(engine(api), []) == []


@pytest.mark.parametrize("status", [404, 409])
def test_replica_that_has_just_ended_has_no_users(status: int) -> None:
    api = DockerApi({"a": status, "b": [1000]})
    stopped = replica("c", state=ReplicaState.STOPPED)
    assert running_users(engine(api), [replica("a"), replica("b"), stopped]) == [1000]


def test_processes_that_docker_cannot_list_are_an_error() -> None:
    with pytest.raises(ContainerError, match="cannot list the processes of hs-shop-a"):
        running_users(engine(DockerApi({"a": 500})), [replica("a")])


@AS_ROOT
def test_folder_is_made_for_the_images_user_and_given_to_the_newest_slots(tmp_path: Path) -> None:
    folder = tmp_path / "sessions" / "shop"
    api = DockerApi({"old": [0, 1000], "new": [1001]}, user="1000:1000")
    docker, old, new = engine(api), replica("old"), replica("new", Slot.GREEN)
    make_folder(docker, folder, "i")
    assert folder.stat().st_uid == 1000
    admit(docker, folder, [new])
    assert folder.stat().st_uid == 1000
    assert share(docker, folder, [old, new], Slot.GREEN) == []
    assert folder.stat().st_uid == 1001
    assert share(docker, folder, [], Slot.GREEN) == []


def test_reason_why_some_users_have_no_access_names_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hookserver.state.session_folder.grant", lambda _folder, _users: "it is full")
    docker = engine(DockerApi({"old": [0], "new": [1001]}))
    (line,) = share(docker, tmp_path, [replica("old"), replica("new", Slot.GREEN)], Slot.GREEN)
    assert line.startswith(f"the users 1001, 0 cannot all use {tmp_path}: it is full; ")


def test_folder_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ContainerError, match="cannot set the rights"):
        share(engine(DockerApi({"a": [0]})), tmp_path / "shop", [replica("a")], Slot.BLUE)
