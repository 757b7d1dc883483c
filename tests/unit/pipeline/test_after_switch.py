"""The checks after the switch, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from hookserver.errors import DeployFailed
from hookserver.models import Release, Slot, Status, TrafficState
from hookserver.pipeline import after_switch
from hookserver.pipeline.context import DeployContext
from hookserver.pipeline.steps import drain
from tests.unit.pipeline.conftest import PipelinePlace


@pytest.fixture
def before(place: PipelinePlace, monkeypatch: pytest.MonkeyPatch) -> Release:
    """Blue, which was live until now."""
    monkeypatch.setattr(after_switch, "_CHECKED_FOR", 0.2)
    monkeypatch.setattr(after_switch, "_CHECK_EVERY", 0.01)
    return place.go_live(slot=Slot.BLUE)


@pytest.fixture
def context(place: PipelinePlace, before: Release) -> Iterator[DeployContext]:
    """A second deploy, which has just switched to green."""
    deploy = place.claim()
    place.make(deploy, Slot.GREEN)
    place.store.go_live(deploy.number, deploy.number, standby=600)
    place.traffic.states["shop"] = TrafficState(Slot.GREEN)
    with place.running(deploy) as made:
        yield made


def release_of(context: DeployContext) -> Release:
    release = context.store.release(context.deploy.number)
    assert release
    return release


def dies_at(place: PipelinePlace, question: int) -> None:
    """The first green replica ends before the runtime is asked for the ``question``-th time from now."""
    last = len(place.runtime.questions) + question

    def end() -> None:
        if len(place.runtime.questions) == last:
            place.runtime.end("hs-shop-green-1")

    place.runtime.before_replicas = end


@pytest.mark.parametrize("sticky", [None, Slot.BLUE])
def test_a_release_that_dies_after_its_switch_is_sent_back_though_nothing_is_in_flight(
    place: PipelinePlace, context: DeployContext, before: Release, sticky: Slot | None
) -> None:
    place.traffic.states["shop"] = TrafficState(Slot.GREEN, sticky)
    dies_at(place, 5)
    with pytest.raises(DeployFailed, match="rolled back to deploy 1: hs-shop-green-1 ended with exit code 6"):
        drain(context, release_of(context), before)
    assert context.store.deploy(context.deploy.number).status is Status.ROLLED_BACK
    assert place.traffic.get("shop") == TrafficState(Slot.BLUE)
    assert place.runtime.stopped == [("shop", Slot.GREEN)]


@pytest.mark.parametrize("sticky", [None, Slot.BLUE])
def test_a_release_that_lives_is_checked_for_its_time_and_stays(
    place: PipelinePlace, context: DeployContext, before: Release, sticky: Slot | None
) -> None:
    place.traffic.states["shop"] = state = TrafficState(Slot.GREEN, sticky)
    questions = len(place.runtime.questions)
    drain(context, release_of(context), before)
    assert len(place.runtime.questions) - questions > 5
    assert context.store.deploy(context.deploy.number).status is Status.LIVE
    assert place.traffic.get("shop") == state


def test_a_release_that_dies_while_the_old_slot_drains_is_sent_back(
    place: PipelinePlace, context: DeployContext, before: Release
) -> None:
    place.traffic.in_flight = [1] * 100
    dies_at(place, 3)
    with pytest.raises(DeployFailed, match="rolled back to deploy 1"):
        drain(context, release_of(context), before)
    assert len(place.traffic.in_flight) > 90


def test_restarts_before_the_switch_are_forgiven(place: PipelinePlace, context: DeployContext, before: Release) -> None:
    """A standby that was restarted in its time may be switched to."""
    place.runtime.running = [replace(replica, restarts=2) for replica in place.runtime.running]
    drain(context, release_of(context), before)
    assert context.store.deploy(context.deploy.number).status is Status.LIVE


def test_connections_that_stay_open_are_waited_for_up_to_the_drain_setting(
    place: PipelinePlace, context: DeployContext, before: Release
) -> None:
    place.traffic.in_flight = [3] * 10_000
    shorter = context.app.model_copy(update={"release": context.app.release.model_copy(update={"drain": 0.3})})
    drain(replace(context, app=shorter), release_of(context), before)
    assert "3 connections are still open after 0.3 s" in place.log(context.deploy)
    assert context.store.deploy(context.deploy.number).status is Status.LIVE


def test_messages_about_stored_sessions_are_in_the_log(place: PipelinePlace, context: DeployContext) -> None:
    place.runtime.messages = ["hs-shop-blue-1: 3 sessions dropped"]
    after_switch.log_session_messages(context, Slot.BLUE)
    assert "dropped" not in place.log(context.deploy)
    shared = context.app.release.model_copy(update={"sessions": "shared"})
    sharing = replace(context, app=context.app.model_copy(update={"release": shared}))
    after_switch.log_session_messages(sharing, Slot.BLUE)
    assert "NOTE: hs-shop-blue-1: 3 sessions dropped" in place.log(context.deploy)
