"""The worker's lock and wake-up socket."""

from __future__ import annotations

import pytest

from hookserver.errors import Refused
from hookserver.state.state_dir import StateDir
from hookserver.state.worker_lock import only_worker, wake_worker, wakeups, worker_is_alive


def test_a_second_worker_is_refused(state: StateDir) -> None:
    with only_worker(state), pytest.raises(Refused, match="another worker"), only_worker(state):
        pass


def test_a_worker_is_alive_as_long_as_it_holds_its_lock(state: StateDir) -> None:
    assert not worker_is_alive(state)
    with only_worker(state):
        assert worker_is_alive(state)
    assert not worker_is_alive(state)


def test_a_wake_up_reaches_the_worker_and_is_no_error_without_one(state: StateDir) -> None:
    wake_worker(state.wakeup_socket)
    with wakeups(state) as wakeup:
        wake_worker(state.wakeup_socket)
        assert wakeup.recv(64) == b"!"
    wake_worker(state.wakeup_socket)
