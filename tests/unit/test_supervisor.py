"""``hookserver up`` keeps its two processes, with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Eventually = Callable[..., object]

SCRIPT = """
import sys
from hookserver import supervisor
supervisor._QUICK = float(sys.argv[3])
supervisor._LONGEST_PAUSE = 0.2
sys.exit(supervisor.supervise({"one": ["sh", "-c", sys.argv[1]], "two": ["sh", "-c", sys.argv[2]]}))
"""


@contextmanager
def supervised(
    tmp_path: Path, one: str, two: str = "exec sleep 60", *, quick: float = 0.3
) -> Iterator[subprocess.Popen[bytes]]:
    """``quick``: seconds that a process lives at least when all is well."""
    command = [sys.executable, "-c", SCRIPT, one, two, str(quick)]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL) as up:
        try:
            yield up
        finally:
            up.kill()


def pids(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def test_killed_process_is_restarted(tmp_path: Path, eventually: Eventually) -> None:
    with supervised(tmp_path, "echo $$ >> pids; exec sleep 60") as up:
        eventually(lambda: pids(tmp_path / "pids"))
        os.kill(pids(tmp_path / "pids")[0], signal.SIGKILL)
        eventually(lambda: len(pids(tmp_path / "pids")) == 2)
        up.terminate()
        assert up.wait(10) == 0
    last = pids(tmp_path / "pids")[-1]
    assert not Path(f"/proc/{last}").exists()


def test_supervisor_gives_up_on_a_process_that_never_starts(tmp_path: Path) -> None:
    with supervised(tmp_path, "exit 4", "echo $$ > other; exec sleep 60", quick=60) as up:
        assert up.wait(20) == 1
    assert not Path(f"/proc/{pids(tmp_path / 'other')[0]}").exists()


def test_process_that_started_once_is_never_given_up(tmp_path: Path, eventually: Eventually) -> None:
    once = "echo $$ >> pids; [ -e lived ] && exit 1; touch lived; sleep 0.8"
    with supervised(tmp_path, once) as up:
        eventually(lambda: len(pids(tmp_path / "pids")) > 7, deadline=20)
        assert up.poll() is None
        up.terminate()
        assert up.wait(10) == 0


def test_processes_end_with_the_supervisor(tmp_path: Path, eventually: Eventually) -> None:
    with supervised(tmp_path, "echo $$ > pids; exec sleep 60") as up:
        eventually(lambda: pids(tmp_path / "pids"))
        up.kill()
    eventually(lambda: not Path(f"/proc/{pids(tmp_path / 'pids')[0]}").exists())
