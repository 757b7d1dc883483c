from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from hookserver.state.atomic_write import OWNER_ONLY, sync_folder, write_atomically


@pytest.fixture
def narrow_umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


def test_write_replaces_the_content_and_leaves_no_other_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    write_atomically(file, "old")
    write_atomically(file, b"new \xff")
    assert file.read_bytes() == b"new \xff"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.usefixtures("narrow_umask")
@pytest.mark.parametrize("mode", [0o644, 0o755, OWNER_ONLY])
def test_file_has_its_mode_whatever_the_umask_is(tmp_path: Path, mode: int) -> None:
    write_atomically(tmp_path / "file", "text", mode=mode)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode


def test_link_in_the_files_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("keep")
    (tmp_path / "file").symlink_to(victim)
    write_atomically(tmp_path / "file", "new")
    assert victim.read_text() == "keep"
    assert not (tmp_path / "file").is_symlink()


def test_temporary_file_is_never_readable_by_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes: list[int] = []

    def note_modes(_descriptor: int, _mode: int) -> None:
        modes.extend(stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir())

    monkeypatch.setattr(os, "fchmod", note_modes)
    write_atomically(tmp_path / "token", "secret", mode=OWNER_ONLY)
    assert modes == [0o600]


def test_failed_write_keeps_the_old_file_and_leaves_no_temporary_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    write_atomically(file, "old")

    def disk_is_full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_is_full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(file, "new", durable=True)
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_durable_write_syncs_the_content_before_the_name_and_the_folder_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    synced: list[tuple[bool, bool]] = []
    monkeypatch.setattr(
        os, "fsync", lambda descriptor: synced.append((stat.S_ISDIR(os.fstat(descriptor).st_mode), file.exists()))
    )
    write_atomically(file, "text")
    assert synced == []
    file.unlink()
    write_atomically(file, "text", durable=True)
    assert synced == [(False, False), (True, True)]


def test_sync_of_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sync_folder(tmp_path / "missing")
