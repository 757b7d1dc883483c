"""Requests of new settings, on a real SQLite file."""

from __future__ import annotations

import threading

from hookserver.models import Status
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from tests.unit.store.deploying import live, push


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


def test_a_removed_app_keeps_its_history_and_its_number(store: Store) -> None:
    number, before = live(store), store.app("shop").number
    queued = store.enqueue(push()).deploy
    store.record_app_removed("shop")
    assert store.deploy(queued).status is Status.CANCELLED
    assert store.releases("shop")[0].retired_at is not None
    assert (store.app("shop").live, store.app("shop").number) == (None, before)
    assert store.deploy(number).status is Status.LIVE


def test_settings_of_a_live_app_are_kept_when_it_is_removed_from_the_file(store: Store) -> None:
    live(store)
    store.set_effective_settings(0, {"apps": {"shop": {"path": "/"}, "blog": {"path": "/blog"}}})
    store.request_settings(["shop"])
    store.set_effective_settings(1, {"apps": {}})
    assert store.effective_settings().settings == {"apps": {"shop": {"path": "/"}}}
    assert store.effective_settings().retire == ("shop",)
    store.set_effective_settings(2, {"apps": {"shop": {"path": "/new"}}})
    assert store.effective_settings().retire == (), "it has come back before it was ended"


def test_a_request_is_loaded_then_applied(store: Store) -> None:
    request = store.request_settings()
    assert request == 1
    store.set_effective_settings(request, {"apps": {}})
    effective = store.effective_settings()
    assert (effective.requested, effective.loaded, effective.applied) == (1, 1, 0)
    store.record_settings_applied(request, "apps.shop.replicas: too many")
    effective = store.effective_settings()
    assert (effective.applied, effective.message) == (1, "apps.shop.replicas: too many")
    store.record_settings_applied(store.request_settings())
    assert store.effective_settings().message == ""


def test_the_version_grows_each_time_the_worker_loads_settings(store: Store) -> None:
    before = store.settings_version()
    for _ in range(2):
        store.set_effective_settings(0, {"apps": {}})
    assert store.settings_version() == before + 2


def test_every_database_has_a_salt_of_its_own(store: Store) -> None:
    assert len(store.effective_settings().salt) == 32
