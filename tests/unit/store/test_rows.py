"""Rows as the product's frozen data."""

from __future__ import annotations

import pytest

from hookserver.errors import NotFound
from hookserver.models import App, Deploy, Lock, Release, Slot, Status, Step, StepRun, Trigger
from hookserver.store import Store
from tests.unit.store.deploying import NOW, claimed, push


def test_an_app_comes_back_with_its_lock(store: Store) -> None:
    store.record_tip("shop", "a" * 40)
    store.lock("shop", "stocktaking", "ann")
    assert store.app("shop") == App("shop", 1, None, "a" * 40, Lock("stocktaking", "ann", NOW))
    assert store.app("blog") == App("blog", 2)


def test_a_deploy_comes_back_as_it_was_pushed(store: Store) -> None:
    number = store.enqueue(push(trigger=Trigger.API, commit="abc1234", rebuild=True, by="ada")).deploy
    assert store.deploy(number) == Deploy(
        number=1,
        app="shop",
        status=Status.QUEUED,
        trigger=Trigger.API,
        requested_commit="abc1234",
        rebuild=True,
        by="ada",
        queued_at=NOW,
    )
    assert type(store.deploy(number).trigger) is Trigger


def test_a_release_comes_back_with_the_settings_it_was_made_from(store: Store) -> None:
    release = Release(claimed(store), "shop", "c" * 40, "sha256:1", Slot.GREEN, 3, settings={"path": "/"})
    store.add_release(release)
    assert store.release(release.deploy) == release


def test_a_step_that_runs_comes_back_without_an_end(store: Store) -> None:
    number = claimed(store)
    store.begin_step(store.deploy(number), Step.FETCH)
    assert store.steps(number) == [StepRun(Step.FETCH, NOW)]
    assert store.deploy(number).step is Step.FETCH


def test_an_unknown_app_and_an_unknown_deploy_are_not_found(store: Store) -> None:
    with pytest.raises(NotFound, match="there is no app 'shpo'\nDid you mean 'shop'"):
        store.app("shpo")
    with pytest.raises(NotFound, match="there is no deploy 99"):
        store.deploy(99)
