from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from hookserver.errors import GitError
from hookserver.git import ensure_push_repository
from tests.integration.git.conftest import Source, git

URL = "http://127.0.0.1:9000"


def ensure(path: Path, branch: str = "main", hook: str = "#!/bin/sh\ncat >&2\n", url: str = URL) -> None:
    ensure_push_repository(path, branch, "shop", url, path.with_suffix(".token"), hook)


def test_push_reaches_our_hook_also_when_forced(source: Source, tmp_path: Path) -> None:
    ours, output = tmp_path / "repos/shop.git", tmp_path / "output"
    ensure(ours, hook=f"#!/bin/sh\ncat >> {output}\ngit config hookserver.tokenFile >> {output}\n")
    source.git("remote", "set-url", "origin", str(ours))
    source.push()
    source.git("commit", "--quiet", "--amend", "-m", "rewritten")
    tip = source.push()
    assert f"{tip} refs/heads/main" in output.read_text()
    assert str(tmp_path / "repos/shop.token") in output.read_text()
    assert git(ours, "symbolic-ref", "HEAD") == "refs/heads/main"


def test_changed_settings_keep_what_was_pushed(source: Source, tmp_path: Path) -> None:
    ours = tmp_path / "repos/shop.git"
    ensure(ours)
    source.git("remote", "set-url", "origin", str(ours))
    tip = source.push()
    ensure(ours, branch="trunk", hook="#!/bin/sh\nexit 0\n", url="http://127.0.0.1:9001")
    assert git(ours, "rev-parse", "refs/heads/main") == tip
    assert git(ours, "symbolic-ref", "HEAD") == "refs/heads/trunk"
    assert git(ours, "config", "hookserver.url") == "http://127.0.0.1:9001"
    assert (ours / "hooks/post-receive").read_text() == "#!/bin/sh\nexit 0\n"
    assert (ours / "hooks/post-receive").stat().st_mode & 0o777 == 0o755


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
        ensure(ours, url="http://127.0.0.1:9001")
    os.utime(lock, (time.time() - 120, time.time() - 120))
    ensure(ours, url="http://127.0.0.1:9001")
    assert git(ours, "config", "hookserver.url") == "http://127.0.0.1:9001"
    assert not lock.exists()


def test_configuration_may_have_another_encoding(tmp_path: Path) -> None:
    ours = tmp_path / "repos/shop.git"
    ensure(ours)
    config = ours / "config"
    config.write_bytes(config.read_bytes() + "[user]\n\tname = Jürgen # für uns\n".encode("latin-1"))
    (ours / "hooks/post-receive").write_bytes("# früher\n".encode("latin-1"))
    ensure(ours, url="http://127.0.0.1:9001")
    assert git(ours, "config", "hookserver.url") == "http://127.0.0.1:9001"
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
