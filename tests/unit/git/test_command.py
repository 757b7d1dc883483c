from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hookserver.errors import GitError
from hookserver.git.command import GuardedGit
from hookserver.git.environment import environment


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
