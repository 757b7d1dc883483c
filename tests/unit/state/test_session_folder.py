"""The folder of stored sessions: real users, whose processes are children with another uid."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from hookserver.state.posix_acl import DEFAULT
from hookserver.state.session_folder import admit, binds, grant, jvm_options, make

OLD, NEW, STRANGER = 1000, 1001, 1002
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can run processes of other users")
REPLACE = "umask 077; cd $0 && echo new > ctx/$1.tmp && mv ctx/$1.tmp ctx/$1 && cat ctx/$1"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that does not exist yet, where any user may go: not pytest's own."""
    root = Path(tempfile.mkdtemp(prefix="hs-sessions-", dir="/var/tmp"))
    root.chmod(0o711)
    yield root / "sessions" / "shop"
    shutil.rmtree(root)


def run_as(user: int, script: str, *arguments: str | Path) -> bool:
    """Whether the script ends well as this user, who has no rights of root."""
    # Root in a container has CAP_DAC_OVERRIDE too, so it is root in full here.
    done = subprocess.run(
        ["sh", "-ec", script, *map(str, arguments)], user=user, group=user, extra_groups=[], capture_output=True
    )
    return done.returncode == 0


def writes(user: int, folder: Path, name: str) -> bool:
    """Whether the user can write a file beside its place, and rename it into that."""
    return run_as(user, REPLACE, folder, name)


def rights(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_uid, stat.S_IMODE(found.st_mode)


@AS_ROOT
@pytest.mark.parametrize("umask", ["000", "027", "077"])
def test_files_and_folders_of_one_user_are_for_that_user_alone_whatever_the_umask_is(folder: Path, umask: str) -> None:
    assert make(folder, NEW) == ""
    assert run_as(NEW, "umask $1; mkdir $0/ctx; echo cart > $0/ctx/a", folder, umask)
    assert rights(folder.parent)[1] == 0o711
    assert [rights(path) for path in (folder, folder / "ctx", folder / "ctx/a")] == [
        (NEW, 0o700),
        (NEW, 0o700),
        (NEW, 0o600),
    ]
    assert not writes(STRANGER, folder, "a")


@AS_ROOT
@pytest.mark.parametrize(("before", "after"), [(0, OLD), (OLD, NEW), (NEW, OLD), (OLD, 0)])
def test_users_of_both_slots_read_replace_and_delete_each_others_files_and_nobody_else_does(
    folder: Path, before: int, after: int
) -> None:
    make(folder, before)
    assert run_as(before, "mkdir $0/ctx", folder)
    assert writes(before, folder, "a")
    assert grant(folder, [after, before]) == ""
    assert rights(folder)[0] == after
    for one, other in ((before, after), (after, before)):
        assert writes(one, folder, "a"), "a file from before the grant"
        assert writes(one, folder, "b")
        assert run_as(other, "cat $0/ctx/a $0/ctx/b", folder)
        assert writes(other, folder, "b"), "a file of the other user"
        assert run_as(other, "echo more >> $0/ctx/a; mv $0/ctx/a $0/ctx/c; rm $0/ctx/b $0/ctx/c", folder)
        assert run_as(one, "mkdir $0/new; echo x > $0/new/file", folder)
        assert run_as(other, "cat $0/new/file; echo y > $0/new/other; rm -r $0/new", folder)
        assert writes(one, folder, "a")
    assert not writes(STRANGER, folder, "a")
    assert not run_as(STRANGER, "ls $0", folder)


@AS_ROOT
def test_user_of_a_retired_slot_loses_access_and_the_next_one_has_all_files(folder: Path) -> None:
    make(folder, OLD)
    run_as(OLD, "mkdir $0/ctx", folder)
    writes(OLD, folder, "a")
    grant(folder, [NEW, OLD])
    writes(NEW, folder, "b")
    assert grant(folder, [NEW]) == ""
    for path in (folder / "ctx/a", folder / "ctx/b"):
        assert rights(path) == (NEW, 0o600)
    assert rights(folder / "ctx") == (NEW, 0o700)
    assert not run_as(OLD, "ls $0", folder)


@AS_ROOT
def test_grant_that_changes_nothing_leaves_files_as_they_look_to_tomcat(folder: Path) -> None:
    """A changed ctime is a changed session."""
    make(folder, OLD)
    grant(folder, [NEW, OLD])
    run_as(OLD, "mkdir $0/ctx", folder)
    for user, name in ((OLD, "a"), (NEW, "b")):
        writes(user, folder, name)
    before = [(folder / "ctx" / name).stat() for name in "ab"]
    grant(folder, [NEW, OLD])
    assert [(folder / "ctx" / name).stat() for name in "ab"] == before
    assert {one.st_uid for one in before} == {OLD, NEW}


@AS_ROOT
def test_next_image_with_another_user_gets_in_beside_those_who_are_there(folder: Path) -> None:
    make(folder, OLD)
    run_as(OLD, "mkdir $0/ctx", folder)
    writes(OLD, folder, "a")
    make(folder, NEW)
    assert rights(folder)[0] == OLD
    assert admit(folder, [STRANGER, 0]) == ""
    for user in (OLD, NEW, STRANGER):
        assert writes(user, folder, "a")
    before = folder.stat()
    make(folder, None)
    make(folder, 0)
    assert folder.stat() == before


@AS_ROOT
def test_what_a_hostile_app_put_into_its_folder_is_not_followed_or_opened(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").touch(0o600)
    make(folder, OLD)
    (folder / "link").symlink_to(outside)
    (folder / "ctx").mkdir()
    (folder / "ctx/link").symlink_to(outside / "secret")
    os.mkfifo(folder / "ctx/pipe")
    deep = folder.joinpath(*["deep"] * 400)
    deep.mkdir(parents=True)
    before = [path.lstat() for path in (outside, outside / "secret", folder / "ctx/pipe")]
    for users in ([NEW, OLD], [NEW]):
        assert grant(folder, users) == ""
    assert [path.lstat() for path in (outside, outside / "secret", folder / "ctx/pipe")] == before


@AS_ROOT
def test_operator_may_put_the_folder_on_another_disk_by_a_link(folder: Path) -> None:
    (folder.parent / "disk").mkdir(parents=True)
    folder.symlink_to("disk")
    make(folder, OLD)
    assert grant(folder, [OLD]) == ""
    assert rights(folder.parent / "disk") == (OLD, 0o700)


def without_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    monkeypatch.setattr(os, "setxattr", refuse)
    monkeypatch.setattr(os, "getxattr", refuse)


@AS_ROOT
def test_one_user_needs_no_lists(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_lists(monkeypatch)
    assert make(folder, OLD) == ""
    assert run_as(OLD, "mkdir $0/ctx", folder)
    assert writes(OLD, folder, "a")
    assert grant(folder, [NEW]) == ""
    assert run_as(NEW, "cat $0/ctx/a", folder)
    assert writes(NEW, folder, "a")
    assert rights(folder) == (NEW, 0o700)


@AS_ROOT
@pytest.mark.parametrize("users", [[NEW, OLD], [OLD, 0]])
def test_two_users_without_lists_are_reported_and_the_newest_has_all(
    folder: Path, monkeypatch: pytest.MonkeyPatch, users: Sequence[int]
) -> None:
    without_lists(monkeypatch)
    make(folder, users[1])
    run_as(users[1], "mkdir $0/ctx", folder)
    writes(users[1], folder, "a")
    assert grant(folder, users) == "its file system has no POSIX access control lists"
    assert run_as(users[0], "cat $0/ctx/a", folder), "a file of the other user"
    assert writes(users[0], folder, "a")


def test_default_list_is_set_before_the_folder_is_opened_to_another_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a file that is made in between would be readable for its writer alone."""
    done: list[str] = []
    monkeypatch.setattr(os, "setxattr", lambda _path, name, _acl: done.append(name))
    monkeypatch.setattr(os, "chown", lambda *_: None)
    grant(tmp_path, [NEW, OLD])
    assert done[0] == DEFAULT


def test_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        grant(tmp_path / "shop", [0])
    with pytest.raises(FileNotFoundError):
        admit(tmp_path / "shop", [0])


def test_path_that_docker_cannot_parse_is_not_mounted() -> None:
    assert binds(Path("/srv/a:b/sessions/shop")) == []


def test_mount_is_where_the_option_points_tomcat_to() -> None:
    (bind,) = binds(Path("/srv/sessions/shop"))
    source, in_container = bind.split(":")
    assert source == "/srv/sessions/shop"
    assert jvm_options(5 << 20) == [f"-Dhookserver.sessions={in_container}", "-Dhookserver.sessions_max=5242880"]
