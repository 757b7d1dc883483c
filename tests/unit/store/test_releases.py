"""The live release, the standby, and the targets of a rollback."""

from __future__ import annotations

import pytest

from hookserver.errors import NotFound, Refused
from hookserver.models import Release, Slot, Status, Trigger
from hookserver.store import Store
from tests.unit.store.deploying import NOW, claimed, live, release_of


def test_rollback_target_is_the_release_before_the_live_one(store: Store) -> None:
    first, second, third = live(store), live(store, slot=Slot.GREEN), live(store)
    assert store.rollback_target("shop").deploy == second
    copy = live(store, slot=Slot.GREEN, trigger=Trigger.ROLLBACK, rollback_to=second)
    assert store.app("shop").live == copy
    assert store.rollback_target("shop").deploy == first
    assert store.rollback_target("shop", third).deploy == third
    with pytest.raises(Refused, match="live already"):
        store.rollback_target("shop", copy)
    with pytest.raises(NotFound):
        store.rollback_target("shop", 99)


def test_rollback_target_of_the_first_release_is_not_found(store: Store) -> None:
    live(store)
    with pytest.raises(NotFound, match="no earlier release"):
        store.rollback_target("shop")


def test_a_release_that_was_never_live_can_be_dropped(store: Store) -> None:
    live(store)
    failed = claimed(store)
    store.add_release(Release(failed, "shop", "f" * 40, "sha256:f", Slot.GREEN, 2))
    store.end(failed, Status.FAILED, "unhealthy")
    store.drop_release(failed)
    assert store.release(failed) is None


def test_running_releases_are_the_live_one_and_the_standby(store: Store) -> None:
    first, second, third = live(store), live(store, slot=Slot.GREEN), live(store)
    store.record_retired(first)
    candidate = claimed(store)
    store.add_release(Release(candidate, "shop", "c" * 40, "sha256:c", Slot.GREEN, 2))
    live(store, "blog")
    assert [release.deploy for release in store.running_releases("shop")] == [third, second]


def test_rollback_target_skips_what_was_rolled_back_unless_named(store: Store) -> None:
    first, second = live(store), live(store, slot=Slot.GREEN)
    back = claimed(store, trigger=Trigger.ROLLBACK, rollback_to=first)
    store.go_live(back, first, standby=600)
    store.end(back, Status.LIVE)
    live(store, slot=Slot.GREEN)
    assert store.rollback_target("shop").deploy == first
    assert store.rollback_target("shop", second).deploy == second


def test_retirements_move_with_the_clock(store: Store) -> None:
    live(store)
    live(store, slot=Slot.GREEN)
    before = store.standbys()[0].retire_at
    assert before
    store.shift_retirements(3600)
    assert store.standbys()[0].retire_at == before + 3600


def test_replicas_are_those_of_the_release_that_runs_in_each_slot(store: Store) -> None:
    first = live(store)
    live(store, slot=Slot.GREEN)
    candidate = claimed(store)
    store.record_retired(first)
    store.add_release(Release(candidate, "shop", "c" * 40, "sha256:c", Slot.BLUE, 3))
    assert store.replicas() == {"shop": {Slot.BLUE: 3, Slot.GREEN: 2}}
    store.drop_release(candidate)
    assert store.replicas() == {"shop": {Slot.GREEN: 2}}


def test_rollback_target_right_after_new_settings_is_the_standby(store: Store) -> None:
    first = live(store)
    settings = live(store, slot=Slot.GREEN, trigger=Trigger.SETTINGS)
    assert store.rollback_target("shop").deploy == first
    assert settings


def test_rollback_target_after_the_standby_retired_is_the_commit_before(store: Store) -> None:
    first, second = live(store), live(store, slot=Slot.GREEN)
    again = claimed(store, trigger=Trigger.SETTINGS)
    commit = f"{second:040x}"
    store.record_retired(first)
    store.add_release(Release(again, "shop", commit, "sha256:x", Slot.BLUE, 2))
    store.go_live(again, again, standby=600)
    store.end(again, Status.LIVE)
    store.record_retired(second)
    assert store.rollback_target("shop").deploy == first


@pytest.mark.parametrize("end", [Store.end_sticky, Store.record_retired])
def test_end_sticky_and_retired_end_the_sticky_standby(store: Store, end: object) -> None:
    first, _ = live(store), live(store, slot=Slot.GREEN)
    store.record_visitors(first, NOW + 900, 3)
    assert (release_of(store, first).retire_at, release_of(store, first).visitors) == (NOW + 900, 3)
    end(store, first)  # type: ignore[operator]
    assert (release_of(store, first).sticky_until, release_of(store, first).visitors) == (None, None)


def test_visitors_are_not_recorded_once_the_sticky_standby_ended(store: Store) -> None:
    first, _ = live(store), live(store, slot=Slot.GREEN)
    store.end_sticky(first)
    store.record_visitors(first, NOW + 900, 3)
    assert (release_of(store, first).retire_at, release_of(store, first).visitors) == (NOW + 600, None)


def test_the_end_of_a_sticky_standby_moves_with_the_clock(store: Store) -> None:
    first, _ = live(store), live(store, slot=Slot.GREEN)
    store.shift_retirements(3600)
    assert release_of(store, first).sticky_until == NOW + 1800 + 3600


def test_live_releases_are_found_by_app(store: Store) -> None:
    assert store.live_release("shop") is None
    number = live(store)
    live_release = store.live_release("shop")
    assert live_release
    assert live_release.deploy == number
    assert store.live_releases() == {"shop": live_release}


def test_releases_are_newest_first_and_were_live(store: Store) -> None:
    numbers = [live(store), live(store, slot=Slot.GREEN)]
    candidate = claimed(store)
    store.add_release(Release(candidate, "shop", "c" * 40, "sha256:c", Slot.BLUE, 2))
    assert [release.deploy for release in store.releases("shop")] == numbers[::-1]


def test_drop_release_keeps_what_was_live(store: Store) -> None:
    number = live(store)
    store.drop_release(number)
    assert store.release(number) is not None


@pytest.mark.parametrize(("seconds", "after"), [(100, 600), (900, 900)])
def test_keep_standby_only_extends(store: Store, seconds: float, after: float) -> None:
    first, _ = live(store), live(store, slot=Slot.GREEN)
    store.keep_standby("shop", seconds)
    assert release_of(store, first).retire_at == NOW + after
