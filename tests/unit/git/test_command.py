from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hookserver.errors import GitError
from hookserver.git.command import GuardedGit, environment, include, without_inherited


def test_git_inherits_no_git_variable() -> None:
    outside = {"GIT_DIR": "/x", "GIT_SSH_COMMAND": "evil", "PATH": "/bin", "GIT_CONFIG_COUNT": "1"}
    ours = environment("7", Path("/state/local.gitconfig"))
    assert without_inherited(outside, ours) == ["env", "--unset=GIT_DIR", "--unset=GIT_CONFIG_COUNT"]
    assert without_inherited({"PATH": "/bin"}, ours) == []


def test_git_can_ask_nobody_for_a_password() -> None:
    ours = environment("7", Path("/c"))
    assert ours["GIT_TERMINAL_PROMPT"] == "0"
    assert ours["GIT_ASKPASS"] == ""
    assert "BatchMode=yes" in ours["GIT_SSH_COMMAND"]
    assert "ext" not in ours["GIT_ALLOW_PROTOCOL"].split(":")


def test_included_path_with_a_quote_stays_one_path() -> None:
    assert include([Path('/home/a "b"/.gitconfig')]) == '[include]\n\tpath = "/home/a \\"b\\"/.gitconfig"\n'


def test_deadline_kills_git_and_everything_it_started(tmp_path: Path, eventually: Callable[..., object]) -> None:
    pid_file = tmp_path / "pid"
    script = f"!sh -c 'echo $$ > {pid_file}; exec sleep 60'"
    started = time.monotonic()
    with pytest.raises(GitError, match="did not end within"):
        GuardedGit(tmp_path, environment("t", Path("/dev/null")), started + 0.5)(c=f"alias.stall={script}").stall()
    assert time.monotonic() - started < 3
    eventually(lambda: not _runs(int(pid_file.read_text())), deadline=2)


def _runs(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False
