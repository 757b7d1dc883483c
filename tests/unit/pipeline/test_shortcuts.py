"""Deploys that need less than all steps."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hookserver.changes.effects import replacing_changes
from hookserver.models import Deploy, Push, Release, Slot, Status, Trigger
from hookserver.pipeline.shortcuts import (
    end_as_live,
    ends_without_release,
    image_for_settings,
    record_tip,
    standby_is_healthy,
    undone_by,
)
from tests.unit.pipeline.conftest import COMMIT, PipelinePlace

NEW = "d" * 40


def change_replicas(place: PipelinePlace, app: str = "shop") -> None:
    """The settings of now have another number of replicas than the live release was made with."""
    shop = place.settings.apps[app]
    changed = shop.model_copy(update={"replicas": 3})
    place.settings = place.settings.model_copy(update={"apps": {**place.settings.apps, app: changed}})


@pytest.mark.parametrize("trigger", [Trigger.WEBHOOK, Trigger.POLL, Trigger.GIT_PUSH])
def test_a_push_of_the_live_commit_ends_as_live(place: PipelinePlace, trigger: Trigger) -> None:
    live = place.go_live(slot=Slot.BLUE)
    deploy = place.claim(trigger=trigger)
    with place.running(deploy) as context:
        assert ends_without_release(context, COMMIT, "Fix the cart")
    ended = place.store.deploy(deploy.number)
    assert (ended.status, ended.ended_at is not None) == (Status.LIVE, True)
    assert place.store.live_release("shop") == live
    assert f"is live already, since deploy {live.deploy}" in place.log(deploy)


def test_a_push_of_another_commit_goes_on(place: PipelinePlace) -> None:
    place.go_live(slot=Slot.BLUE)
    with place.running(place.claim(trigger=Trigger.POLL)) as context:
        assert not ends_without_release(context, NEW, "Fix the cart")


def test_a_push_of_the_live_commit_goes_on_when_the_settings_changed(place: PipelinePlace) -> None:
    place.go_live(slot=Slot.BLUE)
    change_replicas(place)
    with place.running(place.claim(trigger=Trigger.POLL)) as context:
        assert not ends_without_release(context, COMMIT, "Fix the cart")


@pytest.mark.parametrize("trigger", [Trigger.CLI, Trigger.API])
def test_a_deploy_by_hand_of_the_live_commit_goes_on(place: PipelinePlace, trigger: Trigger) -> None:
    place.go_live(slot=Slot.BLUE)
    with place.running(place.claim(trigger=trigger)) as context:
        assert not ends_without_release(context, COMMIT, "[skip deploy]")


def test_a_commit_that_asks_to_be_skipped_ends_cancelled(place: PipelinePlace) -> None:
    place.go_live(slot=Slot.BLUE)
    deploy = place.claim(trigger=Trigger.POLL)
    with place.running(deploy) as context:
        assert ends_without_release(context, NEW, "Typo [Skip Deploy]")
    assert place.store.deploy(deploy.number).status is Status.CANCELLED
    assert not place.store.claim(builds=9)


def test_changed_settings_are_applied_though_the_commit_is_skipped(place: PipelinePlace) -> None:
    place.go_live(slot=Slot.BLUE)
    change_replicas(place)
    with place.running(place.claim(trigger=Trigger.POLL)) as context:
        assert ends_without_release(context, NEW, "Typo [skip deploy]")
    queued = place.store.claim(builds=9)
    assert queued
    assert queued.trigger is Trigger.SETTINGS


def test_a_deploy_that_ends_as_live_keeps_the_standby(place: PipelinePlace) -> None:
    first = place.go_live(slot=Slot.BLUE)
    live = place.go_live(slot=Slot.GREEN, commit=NEW)
    with place.running(place.claim()) as context:
        end_as_live(context, live)
    assert [standby.deploy for standby in place.store.standbys()] == [first.deploy]


def test_settings_of_replicas_use_the_live_image_again(place: PipelinePlace) -> None:
    live = place.go_live(slot=Slot.BLUE)
    change_replicas(place)
    with place.running(place.claim(trigger=Trigger.SETTINGS)) as context:
        changes = replacing_changes(live.settings, context.recorded(context.app))
        assert changes
        assert image_for_settings(context, live, changes) == live.image


def test_a_standby_whose_replicas_do_not_all_run_is_not_switched_to(place: PipelinePlace) -> None:
    standby = place.go_live(slot=Slot.BLUE)
    place.go_live(slot=Slot.GREEN, commit=NEW)
    place.runtime.end("hs-shop-blue-2")
    with place.running(place.claim()) as context:
        assert not standby_is_healthy(context, standby)


def test_a_standby_that_does_not_answer_well_is_not_switched_to(place: PipelinePlace) -> None:
    standby = place.go_live(slot=Slot.BLUE)
    place.go_live(slot=Slot.GREEN, commit=NEW)
    deploy = place.claim()
    with place.running(deploy) as context:
        health = context.app.health.model_copy(update={"deadline": 0.1})
        soon = replace(context, app=context.app.model_copy(update={"health": health}))
        assert not standby_is_healthy(soon, standby)
    assert "the standby does not answer well, so its image is started again" in place.log(deploy)


def test_a_release_that_is_retired_is_not_switched_to(place: PipelinePlace) -> None:
    live = place.go_live(slot=Slot.BLUE)
    with place.running(place.claim()) as context:
        assert not standby_is_healthy(context, replace(live, retired_at=1.0))


def test_a_tip_that_cannot_be_read_is_only_logged(place: PipelinePlace) -> None:
    deploy = place.claim()
    with place.running(deploy) as context:
        record_tip(context)
    assert "the branch's tip could not be read" in place.log(deploy)


# A delivery that is sent again


OLD, TIP = "a" * 40, "b" * 40
REPEATED = [Trigger.WEBHOOK, Trigger.POLL, Trigger.GIT_PUSH]


def push_live(place: PipelinePlace, commit: str, slot: Slot) -> Release:
    """A push that went live in the usual way."""
    deploy = place.claim(trigger=Trigger.WEBHOOK)
    place.store.record_commit(deploy.number, commit)
    made = place.make(deploy, slot, commit)
    place.store.go_live(deploy.number, deploy.number, 600.0)
    place.store.end(deploy.number, Status.LIVE)
    return made


def roll_back(place: PipelinePlace, to: Release) -> None:
    """A person goes back to the release."""
    deploy = place.claim(trigger=Trigger.ROLLBACK, rollback_to=to.deploy)
    place.store.record_commit(deploy.number, to.commit)
    place.store.go_live(deploy.number, to.deploy, 600.0)
    place.store.end(deploy.number, Status.LIVE)


def fetched(place: PipelinePlace, commit: str, trigger: Trigger) -> Deploy:
    """A deploy whose fetch has found the commit, after the check of what needs no release."""
    deploy = place.claim(trigger=trigger)
    place.store.record_commit(deploy.number, commit)
    with place.running(deploy) as context:
        ends_without_release(context, commit, "Fix the cart")
    return place.store.deploy(deploy.number)


@pytest.mark.parametrize("trigger", REPEATED)
def test_repeated_delivery_does_not_undo_a_rollback(place: PipelinePlace, trigger: Trigger) -> None:
    old = push_live(place, OLD, Slot.BLUE)
    push_live(place, TIP, Slot.GREEN)
    roll_back(place, old)
    for _ in range(3):  # also not when it was cancelled before
        ended = fetched(place, TIP, trigger)
        assert ended.status is Status.CANCELLED
        assert ended.reason.startswith(f"{TIP[:12]} was live until deploy 3 replaced it; ")
        assert ended.reason.endswith("run `hookserver deploy shop`")
    assert "skipped: bbbbbbbbbbbb was live until deploy 3" in place.log(ended)
    live = place.store.live_release("shop")
    assert live is not None
    assert live.commit == OLD


def test_repeated_delivery_does_not_replace_a_commit_that_a_person_asked_for(place: PipelinePlace) -> None:
    push_live(place, TIP, Slot.BLUE)
    place.store.enqueue(Push("shop", Trigger.API, commit=OLD))
    deploy = place.store.claim(builds=9)
    assert deploy
    place.store.record_commit(deploy.number, OLD)
    place.make(deploy, Slot.GREEN, OLD)
    place.store.go_live(deploy.number, deploy.number, 600.0)
    place.store.end(deploy.number, Status.LIVE)
    assert fetched(place, TIP, Trigger.WEBHOOK).status is Status.CANCELLED


def test_repeated_delivery_does_not_bring_back_what_the_check_after_the_switch_has_rolled_back(
    place: PipelinePlace,
) -> None:
    old = push_live(place, OLD, Slot.BLUE)
    deploy = place.claim(trigger=Trigger.WEBHOOK)
    place.store.record_commit(deploy.number, TIP)
    made = place.make(deploy, Slot.GREEN, TIP)
    place.store.go_live(deploy.number, made.deploy, 600.0)
    place.store.send_back(deploy.number, made.deploy, old.deploy, "it died")
    place.store.end(deploy.number, Status.ROLLED_BACK, "it died")
    ended = fetched(place, TIP, Trigger.WEBHOOK)
    assert (ended.status, "was rolled back at once" in ended.reason) == (Status.CANCELLED, True)


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED])
@pytest.mark.parametrize("trigger", REPEATED)
def test_tip_whose_last_deploy_came_to_nothing_is_deployed(
    place: PipelinePlace, trigger: Trigger, status: Status
) -> None:
    push_live(place, OLD, Slot.BLUE)
    deploy = place.claim(trigger=Trigger.WEBHOOK)
    place.store.record_commit(deploy.number, TIP)
    place.store.end(deploy.number, status, "the build failed")
    assert fetched(place, TIP, trigger).status is Status.RUNNING


def test_tip_that_a_person_tried_again_in_vain_is_deployed(place: PipelinePlace) -> None:
    old = push_live(place, OLD, Slot.BLUE)
    push_live(place, TIP, Slot.GREEN)
    roll_back(place, old)
    deploy = place.claim(trigger=Trigger.CLI)
    place.store.record_commit(deploy.number, TIP)
    place.store.end(deploy.number, Status.FAILED, "the registry was down")
    assert fetched(place, TIP, Trigger.WEBHOOK).status is Status.RUNNING


def test_deploy_by_hand_undoes_a_rollback(place: PipelinePlace) -> None:
    old = push_live(place, OLD, Slot.BLUE)
    push_live(place, TIP, Slot.GREEN)
    roll_back(place, old)
    assert fetched(place, TIP, Trigger.CLI).status is Status.RUNNING


def test_branch_that_moved_on_and_back_is_deployed(place: PipelinePlace) -> None:
    old = push_live(place, OLD, Slot.BLUE)
    push_live(place, TIP, Slot.GREEN)
    roll_back(place, old)
    push_live(place, NEW, Slot.GREEN)
    assert fetched(place, TIP, Trigger.WEBHOOK).status is Status.RUNNING


def test_new_settings_after_a_rollback_do_not_open_the_door(place: PipelinePlace) -> None:
    old = push_live(place, OLD, Slot.BLUE)
    push_live(place, TIP, Slot.GREEN)
    roll_back(place, old)
    deploy = place.claim(trigger=Trigger.SETTINGS)
    place.store.record_commit(deploy.number, OLD)
    place.make(deploy, Slot.GREEN, OLD)
    place.store.go_live(deploy.number, deploy.number, 600.0)
    place.store.end(deploy.number, Status.LIVE)
    assert fetched(place, TIP, Trigger.POLL).status is Status.CANCELLED


def test_first_deploy_of_an_app_that_was_removed_goes_on() -> None:
    assert undone_by(TIP, []) is None
