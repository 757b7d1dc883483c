"""The end of a slot, and the images that stay for a rollback."""

from __future__ import annotations

import pytest

from hookserver.config import AppSettings
from hookserver.errors import DeployFailed
from hookserver.models import Push, Release, Slot, Status, TrafficState, Trigger
from hookserver.pipeline.retire import kept_images, retire
from hookserver.store import Store
from tests.unit.pipeline.conftest import PipelinePlace


def shop(keep: int) -> AppSettings:
    return AppSettings.model_validate(
        {"name": "shop", "repository": "push", "domains": ["shop.test"], "release": {"keep": keep}}
    )


def live(store: Store, image: str, trigger: Trigger = Trigger.CLI, rollback_to: int | None = None) -> int:
    """A release of the image goes live; the one before no longer runs."""
    before = store.live_release("shop")
    number = store.enqueue(Push("shop", trigger, rollback_to=rollback_to)).deploy
    assert store.claim(builds=1)
    store.add_release(Release(number, "shop", image * 40, f"sha256:{image}", Slot.BLUE, 2))
    store.go_live(number, number, standby=0)
    store.end(number, Status.LIVE)
    if before:
        store.record_retired(before.deploy)
    return number


def test_the_last_images_are_kept_and_not_those_before(store: Store) -> None:
    for image in "abcd":
        live(store, image)
    assert kept_images(store, shop(keep=2)) == {"sha256:c", "sha256:d"}


def test_further_releases_of_an_image_do_not_displace_the_images_before_it(store: Store) -> None:
    for image in "abcd":
        live(store, image)
    for _ in range(5):
        live(store, "d", Trigger.SETTINGS)
    assert kept_images(store, shop(keep=3)) == {"sha256:b", "sha256:c", "sha256:d"}
    assert store.rollback_target("shop").image in kept_images(store, shop(keep=2))


def test_the_image_of_a_rollback_counts_as_new(store: Store) -> None:
    first = live(store, "a")
    live(store, "b")
    live(store, "c")
    live(store, "a", Trigger.ROLLBACK, rollback_to=first)
    assert kept_images(store, shop(keep=2)) == {"sha256:a", "sha256:c"}


def test_the_image_of_a_standby_is_kept(store: Store) -> None:
    first = live(store, "a")
    number = store.enqueue(Push("shop", Trigger.CLI)).deploy
    assert store.claim(builds=1)
    store.add_release(Release(number, "shop", "b" * 40, "sha256:b", Slot.GREEN, 2))
    store.go_live(number, number, standby=600)
    assert store.standbys()[0].deploy == first
    assert kept_images(store, shop(keep=1)) == {"sha256:a", "sha256:b"}


def test_a_standby_is_stopped_and_recorded_as_retired(place: PipelinePlace) -> None:
    first = place.go_live(slot=Slot.BLUE)
    place.go_live(slot=Slot.GREEN, commit="d" * 40)
    retire(place.context, "shop", Slot.BLUE)
    assert place.runtime.stopped == [("shop", Slot.BLUE)]
    retired = place.store.release(first.deploy)
    assert retired
    assert retired.retired_at is not None
    assert place.store.standbys() == []


def test_visitors_of_a_sticky_standby_go_to_the_live_slot_before_it_is_stopped(place: PipelinePlace) -> None:
    place.go_live(slot=Slot.BLUE)
    place.go_live(slot=Slot.GREEN, commit="d" * 40, sticky=1800)
    states: list[TrafficState] = []
    place.runtime.before_stop = lambda: states.append(place.traffic.get("shop"))
    retire(place.context, "shop", Slot.BLUE)
    assert states == [TrafficState(Slot.GREEN)]


@pytest.mark.parametrize("traffic", [TrafficState(Slot.GREEN), TrafficState(Slot.BLUE)])
def test_a_slot_that_is_live_by_the_database_or_by_the_flags_is_never_retired(
    place: PipelinePlace, traffic: TrafficState
) -> None:
    place.go_live(slot=Slot.BLUE)
    place.traffic.states["shop"] = traffic
    for slot in {Slot.BLUE, traffic.live or Slot.BLUE}:
        with pytest.raises(DeployFailed, match=f"shop's slot {slot} is live and cannot be retired"):
            retire(place.context, "shop", slot)
    assert place.runtime.stopped == []
