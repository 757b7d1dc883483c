"""Whether a release's replicas live."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hookserver.errors import ContainerError, Unhealthy
from hookserver.models import Release, Replica, ReplicaState, Slot
from hookserver.pipeline.liveness import ReplicaDied, all_up, check_alive, gave_up, replicas_of, restarts, with_cause
from tests.fakes import FakeRuntime

RELEASE = Release(7, "shop", "c" * 40, "sha256:7", Slot.BLUE, 2)


@pytest.fixture
def runtime() -> FakeRuntime:
    """Both replicas run; beside them one of another deploy, and one of another slot."""
    names = [("hs-shop-blue-1", Slot.BLUE, 7), ("hs-shop-blue-2", Slot.BLUE, 7)]
    others = [("hs-shop-blue-0", Slot.BLUE, 6), ("hs-shop-green-1", Slot.GREEN, 7)]
    return FakeRuntime([Replica(name, name, "shop", slot, deploy) for name, slot, deploy in names + others])


def change(runtime: FakeRuntime, name: str, **facts: object) -> None:
    runtime.running = [replace(one, **facts) if one.name == name else one for one in runtime.running]  # type: ignore[arg-type]


def test_replicas_of_a_release_are_those_of_its_deploy_in_its_slot(runtime: FakeRuntime) -> None:
    assert [replica.name for replica in replicas_of(runtime, RELEASE)] == ["hs-shop-blue-1", "hs-shop-blue-2"]


def test_a_release_whose_replicas_run_is_alive(runtime: FakeRuntime) -> None:
    check_alive(runtime, RELEASE)
    assert all_up(runtime, RELEASE)


@pytest.mark.parametrize("state", [ReplicaState.STOPPED, ReplicaState.RESTARTING])
def test_a_replica_that_ended_is_named_with_its_exit_code_and_its_log(
    runtime: FakeRuntime, state: ReplicaState
) -> None:
    change(runtime, "hs-shop-blue-2", state=state, ending="ended with exit code 3")
    runtime.logs["hs-shop-blue-2"] = "no database"
    with pytest.raises(ReplicaDied, match="hs-shop-blue-2 ended with exit code 3\nno database"):
        check_alive(runtime, RELEASE)


def test_a_restart_is_a_death_unless_it_is_forgiven(runtime: FakeRuntime) -> None:
    change(runtime, "hs-shop-blue-1", restarts=2)
    with pytest.raises(ReplicaDied, match="hs-shop-blue-1 ended and was restarted 2 times"):
        check_alive(runtime, RELEASE)
    forgiven = restarts(runtime, RELEASE)
    assert forgiven == {"hs-shop-blue-1": 2, "hs-shop-blue-2": 0}
    check_alive(runtime, RELEASE, forgiven)
    change(runtime, "hs-shop-blue-1", restarts=3)
    with pytest.raises(ReplicaDied):
        check_alive(runtime, RELEASE, forgiven)


def test_a_replica_that_needs_more_memory_gets_the_setting_as_its_remedy(runtime: FakeRuntime) -> None:
    change(runtime, "hs-shop-blue-1", out_of_memory=True)
    with pytest.raises(ReplicaDied) as died:
        check_alive(runtime, RELEASE)
    assert "apps.shop.tomcat.memory" in died.value.remedy


def test_a_replica_that_somebody_removed_is_missed(runtime: FakeRuntime) -> None:
    runtime.running = [one for one in runtime.running if one.name != "hs-shop-blue-2"]
    with pytest.raises(Unhealthy, match="deploy 7 has 1 of its 2 replicas on blue"):
        check_alive(runtime, RELEASE)
    assert not all_up(runtime, RELEASE)


def test_a_replica_that_is_being_restarted_is_up_and_a_stopped_one_is_not(runtime: FakeRuntime) -> None:
    change(runtime, "hs-shop-blue-1", state=ReplicaState.RESTARTING)
    assert all_up(runtime, RELEASE)
    change(runtime, "hs-shop-blue-1", state=ReplicaState.STOPPED)
    assert not all_up(runtime, RELEASE)


def test_a_context_that_tomcat_gave_up_is_named_with_its_replica(runtime: FakeRuntime) -> None:
    assert gave_up(runtime, RELEASE, "") == ""
    runtime.given_up = {"hs-shop-blue-2", "hs-shop-green-1"}
    assert gave_up(runtime, RELEASE, "") == "in hs-shop-blue-2, Tomcat gave up the context /"
    assert gave_up(runtime, RELEASE, "/eu") == "in hs-shop-blue-2, Tomcat gave up the context /eu"


def test_an_error_of_the_health_check_gets_the_cause_from_a_log(runtime: FakeRuntime) -> None:
    runtime.logs["hs-shop-blue-1"] = "SEVERE: listeners failed to start"
    error = with_cause(runtime, RELEASE, Unhealthy("answered 404", "Look."))
    assert error.problem == "answered 404\nhs-shop-blue-1: SEVERE: listeners failed to start"
    assert error.remedy == "Look."


def test_a_death_has_its_cause_already(runtime: FakeRuntime) -> None:
    died = ReplicaDied("hs-shop-blue-1 ended")
    assert with_cause(runtime, RELEASE, died) is died


def test_an_error_stays_when_the_log_cannot_be_read(runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(_replica: Replica) -> str:
        raise ContainerError("Docker does not answer")

    monkeypatch.setattr(runtime, "failure_report", silent)
    error = with_cause(runtime, RELEASE, Unhealthy("answered 404"))
    assert error.problem == "answered 404\nits log cannot be read: Docker does not answer"
