from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from hookserver.errors import GitError
from hookserver.git.command import GitResult, GuardedGit, ask
from hookserver.git.environment import environment


def test_deadline_kills_git_and_everything_it_started(tmp_path: Path, eventually: Callable[..., object]) -> None:
    pid_file = tmp_path / "pid"
    script = f"!sh -c 'echo $$ > {pid_file}; exec sleep 60'"
    started = time.monotonic()
    with pytest.raises(GitError, match="did not end within"):
        GuardedGit(tmp_path, environment("t", Path("/dev/null")), started + 0.5)(c=f"alias.stall={script}").stall()
    assert time.monotonic() - started < 3
    eventually(lambda: not _runs(int(pid_file.read_text())), deadline=2)


def test_flood_of_output_takes_bounded_memory_and_ends_at_the_deadline(tmp_path: Path) -> None:
    def flood(script: str, seconds: float) -> GitResult:
        git = GuardedGit(tmp_path, environment("t", Path("/dev/null")), time.monotonic() + seconds)
        return ask(git(c=f"alias.flood=!{script}").flood)

    tracemalloc.start()
    answer = flood("echo first; head -c 100000000 /dev/zero; { head -c 100000000 /dev/zero; echo last; } >&2", 60)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer.stdout.startswith("first\n")
    assert answer.stderr.endswith("last\n")
    assert len(answer.stdout) + len(answer.stderr) < 5 << 20
    assert peak < 64 << 20
    with pytest.raises(GitError, match="did not end within"):
        flood("yes >&2", 0.5)


def _runs(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False
