from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from hookserver.errors import GitError
from hookserver.git import PushRepository
from tests.integration.git.conftest import Source, git

SOCKET = "/state/push.sock"


def ensure(
    path: Path,
    branch: str = "main",
    hook: str = "#!/bin/sh\ncat >&2\n",
    socket: str = SOCKET,
    group: int | None = None,
) -> None:
    path.parent.mkdir(exist_ok=True)
    token = path.with_suffix(".token")
    PushRepository(path, branch, "shop", Path(socket), token, hook, group).ensure()


def branch_of(repository: Path) -> str:
    """The branch that a clone of it gets."""
    return git(repository, "symbolic-ref", git(repository, "symbolic-ref", "--no-recurse", "HEAD"))


def test_push_reaches_our_hook_also_when_forced(source: Source, tmp_path: Path) -> None:
    ours, output = tmp_path / "repos/shop.git", tmp_path / "output"
    ensure(ours, hook=f"#!/bin/sh\ncat >> {output}\ngit config hookserver.tokenFile >> {output}\n")
    source.git("remote", "set-url", "origin", str(ours))
    source.push()
    source.git("commit", "--quiet", "--amend", "-m", "rewritten")
    tip = source.push()
    assert f"{tip} refs/heads/main" in output.read_text()
    assert str(tmp_path / "repos/shop.token") in output.read_text()
    assert branch_of(ours) == "refs/heads/main"


def test_changed_settings_keep_what_was_pushed(source: Source, tmp_path: Path) -> None:
    ours = tmp_path / "repos/shop.git"
    ensure(ours)
    source.git("remote", "set-url", "origin", str(ours))
    tip = source.push()
    ensure(ours, branch="trunk", hook="#!/bin/sh\nexit 0\n", socket="/state/other.sock")
    assert git(ours, "rev-parse", "refs/heads/main") == tip
    assert branch_of(ours) == "refs/heads/trunk"
    assert git(ours, "config", "hookserver.socket") == "/state/other.sock"
    assert (ours / "hooks/post-receive").read_text() == "#!/bin/sh\nexit 0\n"
    assert (ours / "hooks/post-receive").stat().st_mode & 0o777 == 0o750


def test_second_call_writes_nothing(tmp_path: Path) -> None:
    ours = tmp_path / "repos/shop.git"
    ensure(ours)
    before = {path: path.stat().st_mtime_ns for path in ours.rglob("*")}
    ensure(ours)
    assert {path: path.stat().st_mtime_ns for path in ours.rglob("*")} == before


def test_incomplete_repository_is_completed(tmp_path: Path) -> None:
    ours = tmp_path / "repos/shop.git"
    ensure(ours)
    (ours / "config").unlink()
    (ours / "hooks/post-receive").unlink()
    ensure(ours)
    assert git(ours, "config", "hookserver.app") == "shop"
    assert git(ours, "config", "core.bare") == "true"


def test_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    ours = tmp_path / "repos/shop.git"
    ours.mkdir(parents=True)
    (ours / "notes.txt").write_text("mine")
    with pytest.raises(GitError, match="not a bare git repository"):
        ensure(ours)
    assert [path.name for path in ours.iterdir()] == ["notes.txt"]


def test_lock_of_a_killed_git_is_removed_and_one_in_use_is_not(tmp_path: Path) -> None:
    ours = tmp_path / "repos/shop.git"
    ensure(ours)
    lock = ours / "config.lock"
    lock.touch()
    with pytest.raises(GitError, match="could not lock config file"):
        ensure(ours, socket="/state/other.sock")
    os.utime(lock, (time.time() - 120, time.time() - 120))
    ensure(ours, socket="/state/other.sock")
    assert git(ours, "config", "hookserver.socket") == "/state/other.sock"
    assert not lock.exists()


def test_configuration_may_have_another_encoding(tmp_path: Path) -> None:
    ours = tmp_path / "repos/shop.git"
    ensure(ours)
    config = ours / "config"
    config.write_bytes(config.read_bytes() + "[user]\n\tname = Jürgen # für uns\n".encode("latin-1"))
    (ours / "hooks/post-receive").write_bytes("# früher\n".encode("latin-1"))
    ensure(ours, socket="/state/other.sock")
    assert git(ours, "config", "hookserver.socket") == "/state/other.sock"
    assert "Jürgen".encode("latin-1") in config.read_bytes()
    assert (ours / "hooks/post-receive").read_text().startswith("#!/bin/sh")


@pytest.mark.parametrize("text", ["[core\n", "what is this\n", "\0\0\0"])
def test_error_for_an_unreadable_configuration_names_the_file(tmp_path: Path, text: str) -> None:
    ours = tmp_path / "repos/shop.git"
    ensure(ours)
    (ours / "config").write_text(text)
    with pytest.raises(GitError, match=r"bad config line 1 in file .*/shop\.git/config"):
        ensure(ours)


def test_file_in_its_place_is_left_alone(tmp_path: Path) -> None:
    ours = tmp_path / "repos/shop.git"
    ours.parent.mkdir()
    ours.write_text("mine")
    with pytest.raises(GitError, match="not a bare git repository"):
        ensure(ours)


def test_links_that_others_have_put_into_the_repository_are_not_followed(tmp_path: Path) -> None:
    ours, victims = tmp_path / "repos/shop.git", tmp_path / "victims"
    victims.mkdir()
    ensure(ours)
    ours.chmod(0o777)
    for name in ("config", "HEAD", "hooks", "refs/hookserver"):
        (ours / name).rename(victims / name.rpartition("/")[2])
        (ours / name).symlink_to(victims / name.rpartition("/")[2])
    (ours / "config.lock").symlink_to(victims / "lock")
    before = contents(victims)
    with pytest.raises(GitError, match="must be made anew"):
        ensure(ours, branch="trunk", socket="/state/other.sock", hook="#!/bin/sh\nexit 7\n")
    assert contents(victims) == before


def test_repository_that_is_a_link_is_refused(tmp_path: Path) -> None:
    ours = tmp_path / "repos/shop.git"
    ensure(tmp_path / "repos/other.git")
    ours.symlink_to(tmp_path / "repos/other.git")
    with pytest.raises(GitError, match="not a bare git repository"):
        ensure(ours)


def test_nobody_else_may_read_what_was_pushed(source: Source, tmp_path: Path) -> None:
    for group in (None, 23002):
        ours = tmp_path / f"repos/{group}.git"
        ensure(ours, group=group)
        source.git("push", "--quiet", str(ours), "HEAD:refs/heads/main")
        found = {path: path.stat() for path in [ours, *ours.rglob("*")]}
        assert [str(path) for path, stat in found.items() if stat.st_mode & 0o007] == []
        if group is not None:
            assert {stat.st_gid for stat in found.values()} == {group}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in folder.rglob("*")}


def test_push_while_the_repository_is_made_anew_is_kept(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A repository with another mode than ours is copied; the push comes between its copy and the exchange."""
    ours = tmp_path / "repos/shop.git"
    ensure(ours)
    source.git("remote", "set-url", "origin", str(ours))
    source.push()
    ours.chmod(0o755)
    rename, pushed = Path.rename, list[str]()

    def rename_after_a_push(path: Path, target: Path) -> Path:
        if path == ours:
            source.git("commit", "--quiet", "--allow-empty", "-m", "meanwhile")
            pushed.append(source.push())
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", rename_after_a_push)
    ensure(ours)
    assert [git(ours, "rev-parse", "refs/heads/main")] == pushed
    assert not ours.with_suffix(".old").exists()


def test_kill_in_the_middle_of_the_exchange_loses_no_commit(source: Source, tmp_path: Path) -> None:
    ours = tmp_path / "repos/shop.git"
    ensure(ours)
    source.git("remote", "set-url", "origin", str(ours))
    tip = source.push()
    ours.rename(ours.with_suffix(".old"))
    ensure(ours)
    assert git(ours, "rev-parse", "refs/heads/main") == tip
