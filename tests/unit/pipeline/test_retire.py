"""Which images a rollback may need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hookserver.config import AppSettings
from hookserver.models import Push, Release, Slot, Status, Trigger
from hookserver.pipeline.retire import kept_images
from hookserver.state.state_dir import StateDir
from hookserver.store import Store


@pytest.fixture
def store(state: StateDir) -> Iterator[Store]:
    made = Store(state)
    made.sync_apps(["shop"])
    yield made
    made.close()


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


def test_what_was_gone_back_to_counts_as_new(store: Store) -> None:
    first = live(store, "a")
    live(store, "b")
    live(store, "c")
    live(store, "a", Trigger.ROLLBACK, rollback_to=first)
    assert kept_images(store, shop(keep=2)) == {"sha256:a", "sha256:c"}


def test_what_stands_by_is_kept_in_any_case(store: Store) -> None:
    first = live(store, "a")
    number = store.enqueue(Push("shop", Trigger.CLI)).deploy
    assert store.claim(builds=1)
    store.add_release(Release(number, "shop", "b" * 40, "sha256:b", Slot.GREEN, 2))
    store.go_live(number, number, standby=600)
    assert store.standbys()[0].deploy == first
    assert kept_images(store, shop(keep=1)) == {"sha256:a", "sha256:b"}
