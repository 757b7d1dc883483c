"""The request journal's file system, really mounted: needs root, and no Docker."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hookserver.state.journal_mount import mount, why_off
from hookserver.state.request_journal import deactivate_all, folder, for_new_container
from hookserver.state.state_dir import StateDir
from tests.shop.journal import mounted_journal, unmount_journal

HOST = "172.30.240.16"


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    made = StateDir(tmp_path / "a b")
    made.root.mkdir()
    with mounted_journal(made):
        yield made


def test_second_start_mounts_nothing_and_keeps_the_records(state: StateDir) -> None:
    journal = for_new_container(state, "shop", HOST)
    assert journal
    (journal / "record").touch()
    before = Path("/proc/self/mountinfo").read_text()
    assert mount(state) == ""
    assert Path("/proc/self/mountinfo").read_text() == before
    assert (journal / "record").exists()


def test_file_system_has_bounds_of_its_own(state: StateDir) -> None:
    journal = for_new_container(state, "shop", HOST)
    assert journal
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        (journal / "large").write_bytes(b"x" * (2 << 20))
    assert os.statvfs(journal).f_files <= 102_400
    assert journal.stat().st_dev != state.root.stat().st_dev


def test_device_file_in_it_cannot_be_opened(state: StateDir) -> None:
    journal = for_new_container(state, "shop", HOST)
    assert journal
    device = journal / "null"
    os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 3))
    with pytest.raises(PermissionError):
        device.open("rb")


def test_container_starts_without_a_journal_where_there_is_no_room_for_its_folder(state: StateDir) -> None:
    first = for_new_container(state, "shop", HOST)
    assert first
    with suppress(OSError):
        for number in range(102_400):
            (first / str(number)).touch()
    assert for_new_container(state, "other", HOST) is None
    assert for_new_container(state, "shop", HOST) == first, "its own replica makes room again"
    assert for_new_container(state, "other", HOST)


def test_folders_that_docker_created_after_a_reboot_are_opened_to_any_user(state: StateDir) -> None:
    journal = folder(state, "shop", HOST)
    journal.mkdir(parents=True, mode=0o755)
    deactivate_all(state)
    assert journal.stat().st_mode & 0o7777 == 0o1777


def test_unmounted_journal_is_off_and_nothing_can_be_made_in_its_place_on_the_disk(state: StateDir) -> None:
    assert for_new_container(state, "shop", HOST)
    unmount_journal(state)
    assert "no tmpfs is mounted" in why_off(state)
    assert for_new_container(state, "shop", HOST) is None
    with pytest.raises(NotADirectoryError):
        folder(state, "shop", HOST).mkdir(parents=True)
    assert mount(state) == ""
    assert for_new_container(state, "shop", HOST)


def test_folder_with_another_file_system_is_left_alone_and_the_journal_is_off(state: StateDir) -> None:
    unmount_journal(state)
    subprocess.run(["mount", "-t", "tmpfs", "journal", str(state.request_journal)], check=True)
    assert "without nosuid, nodev, noexec" in mount(state)
    assert for_new_container(state, "shop", HOST) is None
