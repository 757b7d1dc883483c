"""Real replicas of two users share the folder of their app's sessions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from docker import APIClient

from hookserver.models import Release, Replica, Slot
from hookserver.state.state_dir import StateDir
from hookserver.state.wait_until import wait_until
from tests.integration.containers.conftest import BASE, MINE, SERVES, ReplicaSite

ImageOf = Callable[..., str]
PLACE = "/run/hookserver/sessions"


@pytest.fixture
def image_of(api: APIClient) -> Iterator[ImageOf]:
    """``image_of(user, shell)``: an image with this user that runs this shell command.

    Tests name it before ``installation``, so that the replicas are gone when it ends.
    """
    made: list[str] = []

    def make(user: str, shell: str = SERVES) -> str:
        base = api.create_container(BASE, ["true"], labels={MINE: "image"})["Id"]
        quoted = shell.replace("\\", "\\\\").replace('"', '\\"')
        made.append(api.commit(base, changes=[f'CMD ["sh", "-c", "{quoted}"]', f"USER {user}"])["Id"])
        api.remove_container(base)
        return made[-1]

    yield make
    for id_ in made:
        api.remove_image(id_, force=True, noprune=True)


def start(site: ReplicaSite, image: str, deploy: int, slot: Slot) -> Sequence[Replica]:
    release = Release(deploy, site.name, "c" * 40, image, slot, 2)
    site.containers.start(site.app("shared"), release, site.endpoints(release))
    return site.containers.replicas(site.name, slot)


def run(api: APIClient, replica: Replica, script: str) -> bool:
    """Whether the script ends well in the replica, as the user of its processes."""
    id_ = api.exec_create(replica.id, ["sh", "-ec", script])["Id"]
    api.exec_start(id_)
    return bool(api.exec_inspect(id_)["ExitCode"] == 0)


def folder(site: ReplicaSite) -> Path:
    return StateDir(site.state_dir).sessions(site.name)


@pytest.mark.parametrize(("old", "new"), [("0", "1000"), ("1000", "1001"), ("1000:1000", "root")])
def test_replicas_of_both_users_use_each_others_sessions_after_the_switch(
    image_of: ImageOf, installation: ReplicaSite, api: APIClient, old: str, new: str
) -> None:
    before = start(installation, image_of(old), 7, Slot.BLUE)
    assert run(api, before[0], f"mkdir {PLACE}/ctx; echo cart > {PLACE}/ctx/a"), "its folder is there from the start"
    after = start(installation, image_of(new), 8, Slot.GREEN)
    assert list(installation.containers.share_sessions(installation.name, Slot.GREEN)) == []
    replace = f"cd {PLACE}/ctx; cat a; umask 077; echo other > a.tmp; mv a.tmp a"
    for replica in (after[0], before[1], after[1], before[0]):
        assert run(api, replica, replace), replica.name
    assert run(api, before[0], f"rm {PLACE}/ctx/a; echo new > {PLACE}/ctx/b")
    assert run(api, after[0], f"rm {PLACE}/ctx/b")
    assert str(folder(installation).stat().st_uid) == new.replace("root", "0")


def test_user_that_the_image_names_has_access_once_a_replica_runs(
    image_of: ImageOf, installation: ReplicaSite, api: APIClient
) -> None:
    replicas = start(installation, image_of("www-data"), 7, Slot.BLUE)
    assert run(api, replicas[0], f"touch {PLACE}/a")
    assert list(installation.containers.share_sessions(installation.name, Slot.BLUE)) == []
    assert folder(installation).stat().st_uid == 33


def test_user_that_only_the_entrypoint_changes_to_is_found_before_the_switch(
    image_of: ImageOf, installation: ReplicaSite, api: APIClient
) -> None:
    drops = "exec setpriv --reuid 1000 --regid 1000 --clear-groups sh -c 'while :; do sleep 0.1; done'"
    start(installation, image_of("root", drops), 7, Slot.BLUE)

    def owner() -> int:
        installation.containers.share_sessions(installation.name, Slot.BLUE)
        return folder(installation).stat().st_uid

    assert wait_until(owner, 20, is_enough=lambda user: user == 1000) == 1000
