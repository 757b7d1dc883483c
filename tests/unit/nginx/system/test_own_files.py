"""Several files, replaced and put back together."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.nginx.system.own_files import differ, put_back, remove_old_files, write_files


def test_files_are_written_removed_and_restored_together(tmp_path: Path) -> None:
    old, gone, new = tmp_path / "old", tmp_path / "gone", tmp_path / "new"
    old.write_text("1")
    gone.write_text("2")
    wanted = {old: "3", gone: None, new: "4"}
    assert differ(wanted)
    write_files(wanted)
    assert not differ(wanted)
    put_back(wanted)
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {"old": "1", "gone": "2"}


def test_remove_old_files_leaves_nothing_aside(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("1")
    write_files({file: "2"})
    assert [one.name for one in tmp_path.glob("*") if not one.name.startswith(".")] == ["a"]
    remove_old_files([file])
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


def test_when_one_cannot_be_written_all_are_as_before(tmp_path: Path) -> None:
    file, folder = tmp_path / "a", tmp_path / "b"
    file.write_text("1")
    folder.mkdir()
    with pytest.raises(OSError, match="b"):
        write_files({file: "2", folder: "3"})
    with pytest.raises(OSError, match="nowhere"):
        write_files({file: "2", tmp_path / "nowhere/x": "3"})
    assert file.read_text() == "1"
    assert sorted(tmp_path.iterdir()) == [file, folder]
