from __future__ import annotations

import os
from pathlib import Path

import pytest

from hookserver.errors import ContainerError
from hookserver.state.request_journal import SIGN, binds, folder, make_empty, take_signs_away
from hookserver.state.state_dir import StateDir

HOST = "172.30.240.16"


def place(root: Path) -> Path:
    """A folder with a sign, a mark and what a hostile app has left in it."""
    found = folder(StateDir(root), "shop", HOST)
    make_empty(found)
    for name in (SIGN, "0" * 32):
        (found / name).touch()
    (found / "tree/of/folders").mkdir(parents=True)
    (found / "link").symlink_to("/etc")
    return found


def test_a_new_container_finds_an_empty_folder_that_any_user_may_write_in_whatever_our_umask_is(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        found = place(tmp_path)
        make_empty(found)
    finally:
        os.umask(before)
    assert list(found.iterdir()) == []
    assert found.stat().st_mode & 0o7777 == 0o1777
    assert found.parent.stat().st_mode & 0o777 == 0o711
    assert Path("/etc/hostname").exists()


def test_a_sign_that_stays_is_told_since_the_new_image_may_lay_no_marks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = place(tmp_path)

    def refuse(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(ContainerError, match=f"{SIGN} cannot be removed") as told:
        make_empty(found)
    assert f"rm -r {found}" in told.value.remedy


def test_a_folder_that_cannot_be_made_keeps_no_container_from_its_start(tmp_path: Path) -> None:
    (tmp_path / "begun").touch()
    make_empty(folder(StateDir(tmp_path), "shop", HOST))


def test_signs_are_taken_away_and_marks_are_left(tmp_path: Path) -> None:
    found = place(tmp_path)
    take_signs_away(StateDir(tmp_path))
    assert not (found / SIGN).exists()
    assert (found / ("0" * 32)).exists()
    take_signs_away(StateDir(tmp_path / "missing"))


def test_a_name_that_docker_cannot_be_told_is_no_mount() -> None:
    assert binds(Path("/srv/a:b/begun/shop/1")) == []
    assert binds(Path("/srv/begun/shop/1")) == ["/srv/begun/shop/1:/run/hookserver/begun"]
