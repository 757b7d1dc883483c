"""Each part of the store wakes the worker after a change."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hookserver.models import Status
from hookserver.state.state_dir import StateDir
from hookserver.state.worker_lock import wakeups
from hookserver.store import Store
from tests.unit.store.deploying import claimed, push

CHANGES: dict[str, Callable[[Store, int], object]] = {
    "enqueue": lambda store, _: store.enqueue(push()),
    "enqueue_settings": lambda store, _: store.enqueue_settings(push()),
    "cancel": lambda store, running: store.cancel(running),
    "end": lambda store, running: store.end(running, Status.FAILED),
    "unlock": lambda store, _: store.unlock("shop"),
    "request_settings": lambda store, _: store.request_settings(),
    "record_app_removed": lambda store, _: store.record_app_removed("blog"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_wakes_the_worker(store: Store, state: StateDir, change: str) -> None:
    running = claimed(store)
    with wakeups(state) as wakeup:
        CHANGES[change](store, running)
        assert wakeup.recv(64)


def test_a_change_without_a_worker_is_no_error(store: Store) -> None:
    assert store.enqueue(push()).deploy


def test_a_push_that_supersedes_another_does_not_wake_the_worker_again(store: Store, state: StateDir) -> None:
    with wakeups(state) as wakeup:
        store.enqueue(push())
        store.enqueue(push())
        assert wakeup.recv(64)
        with pytest.raises(BlockingIOError):
            wakeup.recv(64)
