from __future__ import annotations

import os
from pathlib import Path

import pytest

from hookserver.state import journal_mount
from hookserver.state.journal_mount import judge, mount, warning, why_off
from hookserver.state.state_dir import StateDir
from hookserver.state.worker_lock import only_worker

FOLDER = Path("/srv/a b/request-journal")
ROOT = "22 1 254:0 / / rw,relatime - ext4 /dev/root rw\n"
SAFE = r"61 22 0:44 / /srv/a\040b/request-journal rw,nosuid,nodev,noexec shared:9 - tmpfs hookserver-journal rw,size=1m"


def test_journal_is_on_where_a_tmpfs_with_safe_options_is_mounted() -> None:
    assert judge(ROOT + SAFE, FOLDER) == ""


@pytest.mark.parametrize(
    ("mounts", "reason"),
    [
        (ROOT, "no tmpfs is mounted at"),
        (ROOT + SAFE.replace("tmpfs", "ext4"), "of type ext4"),
        (ROOT + SAFE.replace("nodev,", ""), "without nodev"),
        (ROOT + SAFE.replace(",nosuid,nodev,noexec", ""), "without nosuid, nodev, noexec"),
        (ROOT + SAFE.replace("request-journal", "request-journal/below"), "no tmpfs is mounted at"),
        (f"{ROOT}{SAFE}\n{SAFE.replace('tmpfs', 'overlay')}", "of type overlay"),
    ],
)
def test_journal_is_off_on_any_other_file_system(mounts: str, reason: str) -> None:
    assert reason in judge(mounts, FOLDER)


def test_without_root_the_journal_is_off_and_nothing_can_be_made_in_its_place_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    state = StateDir(tmp_path)
    (state.request_journals / "shop" / "172.30.240.16").mkdir(parents=True)
    for _ in range(2):
        assert "only root can mount a tmpfs" in mount(state)
    with pytest.raises(NotADirectoryError):
        (state.request_journals / "shop").mkdir()
    assert "no tmpfs is mounted" in why_off(state)


def test_worker_with_mounts_of_its_own_mounts_none_that_docker_would_not_see(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(journal_mount, "_has_own_mounts", lambda: True)
    state = StateDir(tmp_path)
    assert "Docker would not see" in mount(state)
    assert not state.request_journal.is_mount()


def test_state_dir_that_is_missing_is_a_reason(tmp_path: Path) -> None:
    assert "cannot be used" in mount(StateDir(tmp_path / "missing"))


def test_warning_is_given_while_a_worker_runs_without_a_journal(state: StateDir) -> None:
    assert warning(state) == ""
    with only_worker(state):
        assert "the request journal is off: no tmpfs" in warning(state)


def test_mount_unit_mounts_the_same_before_docker_starts() -> None:
    (unit,) = (Path(__file__).parents[3] / "deploy/systemd").glob("*.mount")
    where = StateDir(Path("/var/lib/hookserver")).request_journal
    assert unit.stem == str(where)[1:].replace("-", r"\x2d").replace("/", "-")
    lines = unit.read_text().splitlines()
    assert {f"Where={where}", "Type=tmpfs", f"Options={journal_mount.OPTIONS}", "Before=docker.service"} <= {*lines}
