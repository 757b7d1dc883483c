"""What the database says of a standby that is held."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hookserver.models import Push, Release, Slot, Status, Trigger
from hookserver.state.state_dir import StateDir
from hookserver.store import Store

NOW = 1_000_000.0


@pytest.fixture
def store(state: StateDir) -> Iterator[Store]:
    made = Store(state, lambda: NOW)
    made.sync_apps(["shop"])
    yield made
    made.close()


def live(store: Store, slot: Slot = Slot.BLUE) -> int:
    number = claimed(store)
    store.add_release(Release(number, "shop", f"{number:040x}", "sha256:1", slot, 2))
    store.go_live(number, number, 600, 1800)
    store.end(number, Status.LIVE)
    return number


def claimed(store: Store, rollback_to: int | None = None) -> int:
    store.enqueue(Push("shop", Trigger.ROLLBACK if rollback_to else Trigger.WEBHOOK, rollback_to=rollback_to))
    deploy = store.claim(builds=4)
    assert deploy
    return deploy.number


def release(store: Store, deploy: int) -> Release:
    found = store.release(deploy)
    assert found
    return found


def test_a_switch_holds_the_release_that_served_before_and_not_the_one_that_serves(store: Store) -> None:
    first, second = live(store), live(store, Slot.GREEN)
    held = release(store, first)
    assert (held.retire_at, held.sticky_until) == (NOW + 600, NOW + 1800)
    assert release(store, second).sticky_until is None


def test_a_rollback_holds_the_other_one(store: Store) -> None:
    first, second = live(store), live(store, Slot.GREEN)
    store.record_visitors(first, NOW + 700, 5)
    store.go_live(claimed(store, first), first, 600, 1800)
    assert (release(store, first).sticky_until, release(store, first).visitors) == (None, None)
    assert release(store, second).sticky_until == NOW + 1800


def test_without_holding_there_is_only_the_time_for_a_rollback(store: Store) -> None:
    first = live(store)
    number = claimed(store)
    store.add_release(Release(number, "shop", "c" * 40, "sha256:1", Slot.GREEN, 2))
    store.go_live(number, number, 600)
    assert (release(store, first).retire_at, release(store, first).sticky_until) == (NOW + 600, None)


def test_what_was_sent_back_leaves_nothing_held(store: Store) -> None:
    first = live(store)
    number = claimed(store)
    store.add_release(Release(number, "shop", "c" * 40, "sha256:1", Slot.GREEN, 2))
    store.go_live(number, number, 600, 1800)
    store.send_back(number, number, first, "it died")
    assert [release(store, deploy).sticky_until for deploy in (first, number)] == [None, None]


@pytest.mark.parametrize("end", [Store.end_sticky, Store.retired])
def test_who_is_let_go_or_retired_is_held_no_more(store: Store, end: object) -> None:
    first, _ = live(store), live(store, Slot.GREEN)
    store.record_visitors(first, NOW + 900, 3)
    assert (release(store, first).retire_at, release(store, first).visitors) == (NOW + 900, 3)
    end(store, first)  # type: ignore[operator]
    assert (release(store, first).sticky_until, release(store, first).visitors) == (None, None)


def test_what_was_seen_of_visitors_comes_too_late_for_who_is_let_go(store: Store) -> None:
    first, _ = live(store), live(store, Slot.GREEN)
    store.end_sticky(first)
    store.record_visitors(first, NOW + 900, 3)
    assert (release(store, first).retire_at, release(store, first).visitors) == (NOW + 600, None)


def test_the_deadline_moves_with_the_clock(store: Store) -> None:
    first, _ = live(store), live(store, Slot.GREEN)
    store.shift_retirements(3600)
    assert release(store, first).sticky_until == NOW + 1800 + 3600


def test_a_deploy_remembers_how_many_visitors_it_costs_their_sessions(store: Store) -> None:
    number = claimed(store)
    assert store.deploy(number).visitors_lost is None
    store.record_lost_sessions(number, 4)
    assert store.deploy(number).visitors_lost == 4
