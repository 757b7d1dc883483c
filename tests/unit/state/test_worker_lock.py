"""The worker's lock and bell."""

from __future__ import annotations

import pytest

from hookserver.errors import Refused
from hookserver.state.state_dir import StateDir
from hookserver.state.worker_lock import bell, only_worker, ring, worker_is_alive


def test_a_second_worker_is_refused(state: StateDir) -> None:
    with only_worker(state), pytest.raises(Refused, match="another worker"), only_worker(state):
        pass


def test_a_worker_is_alive_as_long_as_it_holds_its_lock(state: StateDir) -> None:
    assert not worker_is_alive(state)
    with only_worker(state):
        assert worker_is_alive(state)
    assert not worker_is_alive(state)


def test_a_ring_is_heard_and_one_that_nobody_hears_is_no_error(state: StateDir) -> None:
    ring(state.wakeup_socket)
    with bell(state) as rings:
        ring(state.wakeup_socket)
        assert rings.recv(64) == b"!"
    ring(state.wakeup_socket)
