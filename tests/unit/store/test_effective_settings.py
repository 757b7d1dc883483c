"""Requests of new settings, on a real SQLite file."""

from __future__ import annotations

import threading

from hookserver.state.state_dir import StateDir
from hookserver.store import Store


def test_requests_to_retire_that_meet_are_all_kept(state: StateDir) -> None:
    """Each has a connection of its own, as two `hookserver apply` have."""
    names = [f"app{number}" for number in range(8)]
    stores = [Store(state) for _ in names]
    together = threading.Barrier(len(names))

    def request(store: Store, name: str) -> None:
        together.wait()
        store.request_settings([name])

    threads = [threading.Thread(target=request, args=pair) for pair in zip(stores, names, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stores[0].effective_settings().retire == tuple(sorted(names))
    assert stores[0].effective_settings().requested == len(names)
    for store in stores:
        store.close()
