"""The worker's lock and wake-up socket."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hookserver.errors import Refused
from hookserver.state.state_dir import StateDir
from hookserver.state.worker_lock import only_worker, wake_worker, wakeups, worker_is_alive


def test_second_worker_is_refused(state: StateDir) -> None:
    with only_worker(state), pytest.raises(Refused, match="another worker runs for"), only_worker(state):
        pass


def test_worker_is_alive_as_long_as_it_has_its_lock(state: StateDir) -> None:
    assert not worker_is_alive(state)
    with only_worker(state):
        assert worker_is_alive(state)
    assert not worker_is_alive(state)


def test_wake_up_reaches_the_worker_and_is_no_error_without_one(state: StateDir) -> None:
    wake_worker(state.wakeup_socket)
    with wakeups(state) as wakeup:
        wake_worker(state.wakeup_socket)
        assert wakeup.recv(64) == b"!"
    wake_worker(state.wakeup_socket)


def test_lock_of_a_killed_worker_is_free(state: StateDir) -> None:
    script = f"""
from pathlib import Path
from hookserver.state.state_dir import StateDir
from hookserver.state.worker_lock import only_worker
with only_worker(StateDir(Path({str(state.root)!r}))):
    print("locked", flush=True)
    input()
"""
    command = [sys.executable, "-c", script]
    root = Path(__file__).parents[3]
    with subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        assert worker.stdout
        assert worker.stdout.readline() == b"locked\n"
        assert worker_is_alive(state)
        worker.kill()
    with only_worker(state):
        pass


def test_only_the_owner_may_wake_the_worker(state: StateDir) -> None:
    with wakeups(state):
        assert state.wakeup_socket.stat().st_mode & 0o777 == 0o600
