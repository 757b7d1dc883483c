from __future__ import annotations

import os
from pathlib import Path

import pytest

from hookserver.errors import ContainerError
from hookserver.state.request_journal import ACTIVE, JVM_OPTION, binds, deactivate_all, folder, make_empty
from hookserver.state.state_dir import StateDir

HOST = "172.30.240.16"
RECORD = "0" * 32


def used_journal(root: Path) -> Path:
    """The journal of a replica, with what a hostile app has left in it."""
    journal = folder(StateDir(root), "shop", HOST)
    make_empty(journal)
    for name in (ACTIVE, RECORD):
        (journal / name).touch()
    (journal / "tree/of/folders").mkdir(parents=True)
    (journal / "link").symlink_to("/etc")
    return journal


def test_new_container_gets_an_empty_folder_that_any_user_may_write_whatever_our_umask_is(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        journal = used_journal(tmp_path)
        make_empty(journal)
    finally:
        os.umask(before)
    assert list(journal.iterdir()) == []
    assert journal.stat().st_mode & 0o7777 == 0o1777
    assert journal.parent.stat().st_mode & 0o777 == 0o711
    assert Path("/etc/hostname").exists()


def test_active_file_that_cannot_be_removed_is_an_error_since_the_new_image_may_record_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = used_journal(tmp_path)

    def refuse(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(ContainerError, match=f"{ACTIVE} cannot be removed") as caught:
        make_empty(journal)
    assert f"rm -r {journal}" in caught.value.remedy


def test_container_starts_without_a_journal_that_cannot_be_created(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    state.request_journal.touch()
    make_empty(folder(state, "shop", HOST))
    assert state.request_journal.is_file()


def test_deactivation_removes_the_active_files_and_keeps_the_records(tmp_path: Path) -> None:
    journal = used_journal(tmp_path)
    deactivate_all(StateDir(tmp_path))
    assert not (journal / ACTIVE).exists()
    assert (journal / RECORD).exists()


def test_deactivation_without_a_journal_is_no_error(tmp_path: Path) -> None:
    deactivate_all(StateDir(tmp_path / "missing"))


def test_path_that_docker_cannot_parse_is_not_mounted() -> None:
    assert binds(Path("/srv/a:b/request-journal/shop/1")) == []


def test_mount_is_where_the_option_points_tomcat_to() -> None:
    (bind,) = binds(Path("/srv/request-journal/shop/1"))
    source, in_container = bind.split(":")
    assert source == "/srv/request-journal/shop/1"
    assert JVM_OPTION.endswith(f"={in_container}/{ACTIVE}")
