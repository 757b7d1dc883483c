"""The access rights of the instance's folders."""

from __future__ import annotations

import fcntl
import os
import pwd
from pathlib import Path

import pytest

from hookserver.errors import NginxError
from hookserver.nginx.folders import closed_to, locked, prepare
from hookserver.state.state_dir import StateDir

STRANGER = pwd.struct_passwd(("nobody", "x", 65534, 65534, "", "/", "/bin/false"))


@pytest.fixture
def open_folder(tmp_path: Path) -> Path:
    """A folder to whose parents nobody is barred within pytest's own."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.getuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o011)
    return tmp_path


def test_the_folder_that_bars_the_way_is_named(open_folder: Path) -> None:
    inner = open_folder / "a/b/c"
    inner.mkdir(parents=True)
    assert closed_to(STRANGER, inner) is None
    (open_folder / "a/b").chmod(0o700)
    assert closed_to(STRANGER, inner) == open_folder / "a/b"
    assert closed_to(pwd.getpwuid(os.getuid()), inner) is None


def test_folders_can_be_prepared_again_and_again_and_mend_their_modes(tmp_path: Path) -> None:
    state = StateDir(tmp_path / "state")
    prepare(state)
    (state.root / "live").chmod(0o700)
    prepare(state)
    assert (state.root / "live").stat().st_mode & 0o777 == 0o755


def test_state_dir_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NginxError, match="cannot be created"):
        prepare(StateDir(tmp_path / "file" / "state"))


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as other:
        with locked(tmp_path), pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
