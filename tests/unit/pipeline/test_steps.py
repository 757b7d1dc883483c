"""The steps of a deploy, each on its own; whole deploys run for real in tests/integration."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hookserver.config import ReleaseSettings
from hookserver.errors import NginxError, Refused, Unhealthy
from hookserver.models import Slot, Status, TrafficState
from hookserver.pipeline import steps
from hookserver.pipeline.context import DeployContext
from hookserver.pipeline.liveness import ReplicaDied
from hookserver.worker.task_table import TASKS
from hookserver.worker.tasks import TaskKind
from tests.unit.pipeline.conftest import COMMIT, PipelinePlace


def with_release(context: DeployContext, **settings: object) -> DeployContext:
    """The same deploy, with these settings of ``[apps.shop.release]``."""
    release = ReleaseSettings.model_validate(settings)
    return replace(context, app=context.app.model_copy(update={"release": release}))


def test_a_candidate_runs_in_the_slot_without_traffic(place: PipelinePlace) -> None:
    deploy = place.claim()
    with place.running(deploy) as context:
        assert steps.new_release(context, COMMIT, "i").slot is Slot.BLUE
        place.traffic.states["shop"] = TrafficState(Slot.BLUE)
        assert steps.new_release(context, COMMIT, "i").slot is Slot.GREEN
    place.store.end(deploy.number, Status.FAILED)
    place.go_live(slot=Slot.GREEN)
    with place.running(place.claim()) as context:
        assert steps.new_release(context, COMMIT, "i").slot is Slot.BLUE


def test_replicas_start_at_the_endpoints_that_nginx_gets(place: PipelinePlace) -> None:
    deploy = place.claim()
    with place.running(deploy) as context:
        release = steps.new_release(context, COMMIT, "i")
        steps.start(context, release)
        context.apply_nginx()
    ((_, endpoints),) = place.traffic.applied
    names = [replica.name for replica in place.runtime.replicas("shop", Slot.BLUE)]
    assert names == [endpoint.name for endpoint in endpoints["shop"][Slot.BLUE]] == ["hs-shop-blue-1", "hs-shop-blue-2"]


def test_the_prepare_step_is_skipped_without_a_command(place: PipelinePlace) -> None:
    deploy = place.claim()
    with place.running(deploy) as context:
        release = steps.new_release(context, COMMIT, "i")
        steps.prepare(context, release)
        assert place.runtime.prepared == []
        steps.prepare(with_release(context, prepare=["./migrate", "--all"]), release)
    assert place.runtime.prepared == [deploy.number]
    assert "$ ./migrate --all" in place.log(deploy)


def test_a_start_in_a_sticky_slot_records_how_many_visitors_lose_their_sessions(place: PipelinePlace) -> None:
    first = place.go_live(slot=Slot.BLUE)
    place.go_live(slot=Slot.GREEN, commit="d" * 40, sticky=1800)
    place.traffic.active = 3
    deploy = place.claim()
    with place.running(deploy) as context:
        steps.start(context, steps.new_release(context, "e" * 40, "i"))
    assert place.store.deploy(deploy.number).visitors_lost == 3
    assert f"the sessions of deploy {first.deploy} end now" in place.log(deploy)
    assert place.traffic.get("shop") == TrafficState(Slot.GREEN)


def test_a_replica_that_dies_before_it_is_healthy_fails_the_check_at_once(place: PipelinePlace) -> None:
    deploy = place.claim()
    made = place.make(deploy, Slot.BLUE)
    place.runtime.end("hs-shop-blue-1")
    with place.running(deploy) as context, pytest.raises(ReplicaDied, match="hs-shop-blue-1 ended with exit code 6"):
        steps.check(context, made)


def test_a_check_that_fails_has_the_cause_from_the_log(place: PipelinePlace) -> None:
    deploy = place.claim()
    made = place.make(deploy, Slot.BLUE)
    place.runtime.logs["hs-shop-blue-1"] = "SEVERE: no database"
    with place.running(deploy) as context:
        soon = context.app.health.model_copy(update={"deadline": 0.1})
        context = replace(context, app=context.app.model_copy(update={"health": soon}))
        with pytest.raises(Unhealthy, match=r"not healthy after 0\.1 s(?s:.)*hs-shop-blue-1: SEVERE: no database"):
            steps.check(context, made)


@pytest.mark.parametrize(("sessions", "sticky"), [("sticky", Slot.BLUE), ("none", None), ("shared", None)])
def test_a_switch_moves_the_traffic_and_keeps_sticky_visitors(
    place: PipelinePlace, sessions: str, sticky: Slot | None
) -> None:
    before = place.go_live(slot=Slot.BLUE)
    deploy = place.claim()
    made = place.make(deploy, Slot.GREEN, "d" * 40)
    with place.running(deploy) as context:
        assert steps.switch(with_release(context, sessions=sessions), made) == before
    assert place.traffic.get("shop") == TrafficState(Slot.GREEN, sticky)
    assert place.store.deploy(deploy.number).status is Status.LIVE
    assert ("shop", Slot.GREEN) in place.runtime.kept_running


@pytest.mark.parametrize(("sessions", "shared"), [("shared", [("shop", Slot.GREEN)]), ("sticky", []), ("none", [])])
def test_stored_sessions_are_given_to_both_slots_before_the_traffic_moves(
    place: PipelinePlace, sessions: str, shared: list[tuple[str, Slot]]
) -> None:
    place.go_live(slot=Slot.BLUE)
    deploy = place.claim()
    made = place.make(deploy, Slot.GREEN, "d" * 40)
    place.runtime.refuses_to_share = "the users 1000, 0 cannot all use them"
    place.traffic.refuses = "Nginx is down"
    with place.running(deploy) as context, pytest.raises(NginxError):
        steps.switch(with_release(context, sessions=sessions), made)
    assert place.runtime.shared == shared
    assert ("NOTE: the users 1000, 0 cannot all use them" in place.log(deploy)) is (sessions == "shared")


def test_a_second_push_ends_no_shared_session(place: PipelinePlace) -> None:
    first = place.go_live(slot=Slot.BLUE)
    deploy = place.claim()
    made = place.make(deploy, Slot.GREEN, "d" * 40)
    with place.running(deploy) as context:
        steps.switch(with_release(context, sessions="shared"), made)
    place.store.end(deploy.number, Status.LIVE)
    assert [(standby.deploy, standby.sticky_until) for standby in place.store.standbys()] == [(first.deploy, None)]
    place.traffic.active = 3
    second = place.claim()
    with place.running(second) as context:
        steps.start(with_release(context, sessions="shared"), steps.new_release(context, "e" * 40, "i"))
    assert place.store.deploy(second.number).visitors_lost is None
    assert "end now" not in place.log(second)


def test_a_switch_that_nginx_does_not_confirm_leaves_the_database_as_it_was(place: PipelinePlace) -> None:
    before = place.go_live(slot=Slot.BLUE)
    deploy = place.claim()
    made = place.make(deploy, Slot.GREEN, "d" * 40)
    place.traffic.refuses = "Nginx is down"
    with place.running(deploy) as context, pytest.raises(NginxError):
        steps.switch(context, made)
    assert place.store.live_release("shop") == before
    assert place.traffic.get("shop") == TrafficState(Slot.BLUE)


def test_a_switch_that_the_database_refuses_moves_the_traffic_back(place: PipelinePlace) -> None:
    place.go_live(slot=Slot.BLUE)
    deploy = place.claim()
    made = place.make(deploy, Slot.GREEN, "d" * 40)
    place.store.end(deploy.number, Status.FAILED)
    with place.running(deploy) as context, pytest.raises(Refused):
        steps.switch(context, made)
    assert place.traffic.get("shop") == TrafficState(Slot.BLUE)


def test_the_drain_of_a_first_release_waits_for_nothing_and_ends_the_deploy(place: PipelinePlace) -> None:
    deploy = place.claim()
    made = place.make(deploy, Slot.BLUE)
    place.store.go_live(deploy.number, deploy.number, standby=600)
    with place.running(deploy) as context:
        steps.drain(context, made, None)
    assert place.store.deploy(deploy.number).ended_at is not None
    assert "no previous release to drain" in place.log(deploy)
    assert place.images.pruned == [{made.image}]


@pytest.mark.parametrize("timeout", [60, 1200, 6 * 3600])
def test_a_long_fetch_and_a_long_build_end_by_their_own_limits_before_the_worker_kills_the_deploy(
    place: PipelinePlace, timeout: float
) -> None:
    app = place.settings.apps["shop"]
    app = app.model_copy(update={"build": app.build.model_copy(update={"timeout": timeout})})
    assert steps.FETCH_DEADLINE + timeout < TASKS[TaskKind.DEPLOY].seconds(app)
