"""``hookserver up`` keeps its two processes, with real processes."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

Eventually = Callable[..., object]

SCRIPT = """
import sys
from hookserver import supervisor
supervisor._QUICK = float(sys.argv[3])
supervisor._LONGEST_PAUSE = 0.2
commands = {name: ["sh", "-c", script] for name, script in zip(("one", "two"), sys.argv[1:3])}
sys.exit(supervisor.supervise(commands, {"one": user for user in sys.argv[4:]}))
"""


@contextmanager
def supervised(
    tmp_path: Path, one: str, two: str = "exec sleep 60", *, quick: float = 0.3, user: str = ""
) -> Iterator[subprocess.Popen[bytes]]:
    """Both scripts run in ``tmp_path``; ``quick``: seconds that a process lives at least when all is well.

    ``user``: as whom the first one runs.
    """
    scripts = [f"cd {tmp_path}; {script}" for script in (one, two)]
    command = [sys.executable, "-c", SCRIPT, *scripts, str(quick), *([user] if user else [])]
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


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user may write to."""
    if os.geteuid() != 0:
        pytest.skip("only root can run a process as another user")
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o777)
        yield Path(name)


def test_process_of_a_user_has_no_right_of_root(open_folder: Path, eventually: Eventually) -> None:
    file = open_folder / "status"
    with supervised(open_folder, "cat /proc/self/status > status; exec sleep 60", user="nobody"):
        eventually(lambda: file.exists() and "Cap" in file.read_text())
        status = dict(line.split(":\t", 1) for line in file.read_text().splitlines())
    nobody = pwd.getpwnam("nobody")
    assert status["Uid"].split() == [str(nobody.pw_uid)] * 4
    assert status["Gid"].split() == [str(nobody.pw_gid)] * 4
    assert status["Groups"].split() == []
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0


def test_process_of_a_user_ends_with_the_supervisor(open_folder: Path, eventually: Eventually) -> None:
    with supervised(open_folder, "echo $$ > pids; exec sleep 60", user="nobody") as up:
        eventually(lambda: pids(open_folder / "pids"))
        up.kill()
    eventually(lambda: not Path(f"/proc/{pids(open_folder / 'pids')[0]}").exists())
