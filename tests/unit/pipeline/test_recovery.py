"""Recovery: what it keeps, finishes and undoes; whole recoveries run for real in tests/integration."""

from __future__ import annotations

import pytest

from hookserver.errors import BuildError, ContainerError
from hookserver.models import Replica, Slot, Status, Step, TrafficState
from hookserver.pipeline import recovery
from tests.unit.pipeline.conftest import PipelinePlace


def stranger(app: str, deploy: int, slot: Slot = Slot.GREEN) -> Replica:
    return Replica(f"{app}{deploy}", f"hs-{app}-{slot}-1", app, slot, deploy)


def test_an_error_of_one_app_is_reported_with_its_cause_and_the_others_are_reconciled(
    place: PipelinePlace, report: list[str]
) -> None:
    def breaks() -> None:
        if place.runtime.questions[-1] == "blog":
            raise KeyError("State")

    place.runtime.before_replicas = breaks
    recovery.reconcile(place.context, report.append)
    assert place.runtime.questions == ["blog", "shop"]
    assert any("blog: unexpected KeyError: 'State'" in line for line in report)


def test_an_error_of_the_images_is_reported_and_every_app_is_reconciled(
    place: PipelinePlace, report: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(deploy: int | None = None) -> list[str]:
        raise BuildError("the engine does not answer", "Start it.")

    monkeypatch.setattr(place.images, "remove_leftovers", refuse)
    recovery.reconcile(place.context, report.append)
    assert place.runtime.questions == ["blog", "shop"]
    assert any(line.startswith("images: the engine does not answer") for line in report)


def test_an_error_of_the_runtime_is_reported_and_every_app_is_reconciled(
    place: PipelinePlace, report: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ContainerError("the engine does not answer", "Start it.")

    monkeypatch.setattr(place.runtime, "tidy", refuse)
    recovery.reconcile(place.context, report.append)
    assert place.runtime.questions == ["blog", "shop"]
    assert any(line.startswith("runtime: the engine does not answer") for line in report)


def test_the_replicas_of_an_app_that_another_task_works_on_are_left_alone(
    place: PipelinePlace, report: list[str]
) -> None:
    place.runtime.running = [stranger("blog", 101), stranger("shop", 102)]
    recovery.reconcile(place.context, report.append, spared={"shop"})
    assert place.runtime.removed == [101]
    recovery.reconcile(place.context, report.append)
    assert place.runtime.removed == [101, 102]


def test_the_oldest_logs_are_removed_and_other_files_stay(
    place: PipelinePlace, report: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "_LOGS_KEPT", 2)
    logs = place.settings.server.state.log(0).parent
    logs.mkdir(exist_ok=True)
    for name in ("7", "8", "9", "10", "7-saved", "²"):
        (logs / f"{name}.log").touch()
    recovery.reconcile(place.context, report.append)
    assert sorted(log.stem for log in logs.iterdir()) == ["10", "7-saved", "9", "²"]
    assert not [line for line in report if "old files" in line]


def test_reconcile_changes_and_reports_nothing_where_all_is_well(place: PipelinePlace, report: list[str]) -> None:
    place.go_live(slot=Slot.BLUE)
    place.go_live(slot=Slot.GREEN, commit="d" * 40, sticky=1800)
    recovery.reconcile(place.context, report.append)
    report.clear()
    recovery.reconcile(place.context, report.append)
    assert report == []
    assert place.runtime.removed == []
    assert place.runtime.stopped == []


def test_a_live_release_gets_its_missing_replicas_again(place: PipelinePlace, report: list[str]) -> None:
    live = place.go_live(slot=Slot.BLUE)
    place.runtime.end("hs-shop-blue-2")
    recovery.reconcile(place.context, report.append)
    assert all(replica.is_up for replica in place.runtime.replicas("shop", Slot.BLUE))
    assert ("shop", Slot.BLUE) in place.runtime.kept_running
    assert f"shop: replicas of deploy {live.deploy} on blue are missing; started again" in report


@pytest.mark.parametrize(
    "wrong", [TrafficState(), TrafficState(Slot.BLUE), TrafficState(Slot.GREEN), TrafficState(Slot.BLUE, Slot.GREEN)]
)
def test_the_traffic_is_set_to_what_the_database_says(
    place: PipelinePlace, report: list[str], wrong: TrafficState
) -> None:
    place.go_live(slot=Slot.BLUE)
    live = place.go_live(slot=Slot.GREEN, commit="d" * 40, sticky=1800)
    place.traffic.states["shop"] = wrong
    recovery.reconcile(place.context, report.append)
    assert place.traffic.get("shop") == TrafficState(Slot.GREEN, sticky=Slot.BLUE)
    line = f"shop: traffic set to green, sticky blue (it was {wrong}); deploy {live.deploy} is live"
    assert line in report


def test_a_sticky_standby_without_replicas_ends(place: PipelinePlace, report: list[str]) -> None:
    first = place.go_live(slot=Slot.BLUE)
    place.go_live(slot=Slot.GREEN, commit="d" * 40, sticky=1800)
    place.runtime.running = [replica for replica in place.runtime.running if replica.slot is Slot.GREEN]
    recovery.reconcile(place.context, report.append)
    assert place.traffic.get("shop") == TrafficState(Slot.GREEN)
    standby = place.store.release(first.deploy)
    assert standby
    assert standby.sticky_until is None


def test_release_with_traffic_that_the_database_does_not_know_stays(place: PipelinePlace, report: list[str]) -> None:
    """The database is an old backup: the shop stays as it is until a deploy."""
    place.go_live(slot=Slot.BLUE)
    place.runtime.running = [stranger("shop", 40, Slot.BLUE)]
    recovery.reconcile(place.context, report.append)
    assert [replica.deploy for replica in place.runtime.running] == [40]
    assert any("blue" in line and "they stay until a deploy" in line for line in report)


def test_prepare_commands_of_a_deploy_in_progress_are_spared(place: PipelinePlace, report: list[str]) -> None:
    deploy = place.claim("blog")
    recovery.reconcile(place.context, report.append)
    assert place.runtime.in_progress == [{deploy.number}]
    assert place.runtime.networks == {place.context.subnet(app) for app in ("blog", "shop")}
    assert place.images.leftovers_of == []
    place.store.end(deploy.number, Status.FAILED)
    recovery.reconcile(place.context, report.append)
    assert place.runtime.in_progress[-1] == set()
    assert place.images.leftovers_of == [None]


def test_a_deploy_that_was_killed_before_its_switch_is_undone_and_queued_again(
    place: PipelinePlace, report: list[str]
) -> None:
    place.go_live(slot=Slot.BLUE)
    deploy = place.claim()
    place.make(deploy, Slot.GREEN, "d" * 40)
    place.store.begin_step(deploy, Step.CHECK)
    recovery.recover(place.context, place.store.deploy(deploy.number), report.append)
    assert place.store.deploy(deploy.number).status is Status.QUEUED
    assert place.runtime.replicas("shop", Slot.GREEN) == []
    assert place.store.release(deploy.number) is None
    assert place.traffic.get("shop") == TrafficState(Slot.BLUE)


def test_a_deploy_that_was_killed_after_its_switch_is_finished(place: PipelinePlace, report: list[str]) -> None:
    before = place.go_live(slot=Slot.BLUE)
    deploy = place.claim()
    place.make(deploy, Slot.GREEN, "d" * 40)
    place.store.begin_step(deploy, Step.SWITCH)
    place.traffic.states["shop"] = TrafficState(Slot.GREEN)
    recovery.recover(place.context, place.store.deploy(deploy.number), report.append)
    assert place.store.deploy(deploy.number).status is Status.LIVE
    assert place.traffic.get("shop") == TrafficState(Slot.GREEN, sticky=Slot.BLUE)
    assert ("shop", Slot.GREEN) in place.runtime.kept_running
    assert [standby.deploy for standby in place.store.standbys()] == [before.deploy]


def test_switch_to_replicas_that_do_not_run_is_reverted(place: PipelinePlace, report: list[str]) -> None:
    place.go_live(slot=Slot.BLUE)
    deploy = place.claim()
    place.make(deploy, Slot.GREEN, "d" * 40)
    place.store.begin_step(deploy, Step.SWITCH)
    place.traffic.states["shop"] = TrafficState(Slot.GREEN)
    place.runtime.end("hs-shop-green-1")
    recovery.recover(place.context, place.store.deploy(deploy.number), report.append)
    assert place.traffic.get("shop") == TrafficState(Slot.BLUE)
    assert place.store.deploy(deploy.number).status is Status.QUEUED


def test_a_deploy_that_was_killed_while_it_drained_stays_live(place: PipelinePlace, report: list[str]) -> None:
    place.go_live(slot=Slot.BLUE)
    deploy = place.claim()
    place.make(deploy, Slot.GREEN, "d" * 40)
    place.store.go_live(deploy.number, deploy.number, standby=0)
    recovery.recover(place.context, place.store.deploy(deploy.number), report.append)
    after = place.store.deploy(deploy.number)
    assert (after.status, after.ended_at is not None) == (Status.LIVE, True)
    assert ("shop", Slot.GREEN) in place.runtime.kept_running


def test_a_standby_is_retired_once_it_is_due(place: PipelinePlace, report: list[str]) -> None:
    first = place.go_live(slot=Slot.BLUE)
    place.go_live(slot=Slot.GREEN, commit="d" * 40)
    (standby,) = place.store.standbys()
    assert standby.retire_at
    recovery.retire_due(place.context, "shop", standby.retire_at - 1, report.append)
    assert place.runtime.stopped == []
    recovery.retire_due(place.context, "shop", standby.retire_at, report.append)
    assert place.runtime.stopped == [("shop", Slot.BLUE)]
    assert report == [f"shop: blue retired (deploy {first.deploy})"]
