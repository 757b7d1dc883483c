"""The apps' numbers, tips and locks."""

from __future__ import annotations

import pytest

from hookserver.errors import Refused
from hookserver.store import Store
from tests.unit.store.deploying import live, push


def test_a_locked_apps_pushes_wait_for_the_unlock(store: Store) -> None:
    store.lock("shop", "stocktaking", "ann")
    store.enqueue(push())
    assert store.claim(builds=1) is None
    with pytest.raises(Refused, match="stocktaking"):
        store.lock("shop", "again", "bob")
    store.unlock("shop")
    assert store.claim(builds=1) is not None


def test_an_app_keeps_its_number(store: Store) -> None:
    assert store.sync_apps(["shop", "blog", "another"]) == {"shop": 1, "blog": 2, "another": 3}
    assert store.sync_apps([]) == {"shop": 1, "blog": 2, "another": 3}


def test_the_number_of_a_removed_app_goes_to_the_next_one(store: Store) -> None:
    numbers = store.sync_apps(["shop", "blog", "typo"])
    assert sorted(numbers.values()) == [1, 2, 3]
    number = live(store)
    later = store.sync_apps(["blog", "wiki"])
    assert (later["wiki"], later["shop"], later["blog"]) == (numbers["typo"], numbers["shop"], numbers["blog"])
    store.record_app_removed("shop")
    assert store.sync_apps(["blog", "wiki", "till"])["till"] == numbers["shop"]
    assert store.deploy(number).app == "shop"
    assert store.sync_apps(["blog", "shop"])["shop"] in (1, 2, 3), "it has come back, and wiki is gone"


def test_a_tip_is_recorded_per_app(store: Store) -> None:
    store.record_tip("shop", "a" * 40)
    assert [app.tip_seen for app in store.apps()] == ["", "a" * 40]


def test_a_locked_app_is_refused_with_the_reason(store: Store) -> None:
    store.refuse_if_locked("shop")
    store.lock("shop", "stocktaking", "ann")
    with pytest.raises(Refused, match="ann: stocktaking"):
        store.refuse_if_locked("shop")
