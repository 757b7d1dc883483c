"""What a replica may do to the host by its request journal, on the real Docker Engine."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker import APIClient
from docker.errors import APIError

from hookserver.state import journal_mount
from hookserver.state.request_journal import JVM_OPTION, folder
from hookserver.state.state_dir import StateDir
from tests.integration.containers.conftest import SERVES, ReplicaSite
from tests.shop.journal import mounted_journal, unmount_journal
from tests.waiting import until

PLACE = "/run/hookserver/requests"
HOSTILE = (
    f"mknod {PLACE}/disk b 254 0; cp /bin/true {PLACE}/program; chmod 4755 {PLACE}/program; "
    f"dd if=/dev/zero of={PLACE}/large bs=1M count=64; {PLACE}/program || echo refused; {SERVES}"
)


@pytest.fixture
def journal(installation: ReplicaSite) -> Iterator[StateDir]:
    state = StateDir(installation.state_dir)
    with mounted_journal(state):
        yield state


def binds(api: APIClient, name: str) -> list[str]:
    return [mount["Destination"] for mount in api.inspect_container(name)["Mounts"]]


def test_hostile_replica_fills_no_disk_and_leaves_nothing_of_use_on_the_host(
    installation: ReplicaSite, journal: StateDir
) -> None:
    place = installation.start(HOSTILE)[0]
    until(lambda: "up" in installation.containers.last_lines(place.name, 99).splitlines(), 30)
    lines = installation.containers.last_lines(place.name, 99)
    assert "No space left on device" in lines
    assert "refused" in lines
    left = folder(journal, installation.name, place.host)
    assert (left / "disk").is_block_device()
    with pytest.raises(PermissionError):
        (left / "disk").open("rb")
    assert subprocess.run(["sh", "-c", f"'{left}/program'"], check=False, capture_output=True).returncode == 126
    assert sum(file.stat().st_blocks * 512 for file in left.iterdir()) <= 1 << 20


def test_replica_has_no_journal_while_it_is_off(installation: ReplicaSite, api: APIClient) -> None:
    place = installation.start()[0]
    assert binds(api, place.name) == []
    assert JVM_OPTION not in str(api.inspect_container(place.name)["Config"]["Env"])
    assert not StateDir(installation.state_dir).request_journal.exists()


def test_docker_that_restarts_a_replica_before_the_mount_creates_no_folder_on_the_disk(
    installation: ReplicaSite, journal: StateDir, api: APIClient
) -> None:
    place = installation.start()[0]
    api.stop(place.name, timeout=0)
    unmount_journal(journal)
    with pytest.raises(APIError, match="not a directory"):
        api.start(place.name)
    assert [path.name for path in journal.request_journal.iterdir()] == ["replicas"]
    assert journal.request_journals.stat().st_size == 0


def test_replica_that_docker_starts_after_a_reboot_has_a_folder_on_the_new_tmpfs(
    installation: ReplicaSite, journal: StateDir, api: APIClient
) -> None:
    place = installation.start(f"touch {PLACE}/again; {SERVES}")[0]
    api.stop(place.name, timeout=0)
    unmount_journal(journal)
    assert journal_mount.mount(journal) == ""
    api.start(place.name)
    until((folder(journal, installation.name, place.host) / "again").exists, 10)


def test_running_replica_keeps_its_old_journal_which_nginx_does_not_read(
    installation: ReplicaSite, journal: StateDir
) -> None:
    place = installation.start(f"while sleep 0.1; do touch {PLACE}/keeps; done")[0]
    kept = folder(journal, installation.name, place.host) / "keeps"
    until(kept.exists, 10)
    unmount_journal(journal)
    assert journal_mount.mount(journal) == ""
    assert not Path(kept).exists()
    installation.check_alive()
