from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hookserver.errors import GitError
from hookserver.git.command import CPU, MEMORY, GuardedGit, TooMuchOutput, ask
from hookserver.git.environment import environment
from hookserver.limits.child import FILE


def test_deadline_kills_git_and_everything_it_started(tmp_path: Path, eventually: Callable[..., object]) -> None:
    pid_file = tmp_path / "pid"
    script = f"!sh -c 'echo $$ > {pid_file}; exec sleep 60'"
    started = time.monotonic()
    with pytest.raises(GitError, match="did not end within"):
        GuardedGit(tmp_path, environment("t", Path("/dev/null")), started + 0.5)(c=f"alias.stall={script}").stall()
    assert time.monotonic() - started < 3
    eventually(lambda: not _runs(int(pid_file.read_text())), deadline=2)


def _git(folder: Path) -> GuardedGit:
    return GuardedGit(folder, environment("t", Path("/dev/null")), time.monotonic() + 20)


def test_endless_output_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(TooMuchOutput, match="more than 16 MB"):
        _git(tmp_path)(c="alias.endless=!yes").endless()


def test_of_endless_messages_the_end_is_kept(tmp_path: Path) -> None:
    script = "!sh -c 'yes | head -c 30000000 >&2; echo the end >&2'"
    answer = ask(_git(tmp_path)(c=f"alias.noisy={script}").noisy)

    assert answer.stderr.endswith("y\nthe end\n")
    assert len(answer.stderr) <= 16 << 10


def test_large_file_stops_git(tmp_path: Path) -> None:
    answer = ask(_git(tmp_path)(c=f"alias.large=!truncate -s 6G {tmp_path}/large").large)

    assert answer.status
    assert (tmp_path / "large").stat().st_size == 0


def test_git_gets_limits_of_its_own(tmp_path: Path) -> None:
    limits = _git(tmp_path)(c="alias.limits=!ulimit -v; ulimit -f; ulimit -t; :").limits()

    assert limits.split() == [str(MEMORY >> 10), str(FILE >> 9), str(CPU)]


def test_endless_messages_end_at_the_deadline(tmp_path: Path) -> None:
    git = GuardedGit(tmp_path, environment("t", Path("/dev/null")), time.monotonic() + 0.5)
    with pytest.raises(GitError, match="did not end within"):
        ask(git(c="alias.flood=!yes >&2").flood)


def _runs(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False
