"""The steps of a deploy. Docker and Nginx are the test's own here; whole deploys run for real elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hookserver.config import Settings, parse
from hookserver.deploy_log import DeployLog
from hookserver.errors import DeployFailed, Unhealthy
from hookserver.models import Push, Release, Slot, Status, Step, StepOutcome, TrafficState, Trigger
from hookserver.pipeline import after_switch
from hookserver.pipeline.context import Context, DeployContext
from hookserver.pipeline.steps import FETCH_DEADLINE, drain
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from hookserver.worker.task_table import TASK_SECONDS


@dataclass
class Machine:
    """The new replicas die at a look of their own, ``dies_at``; so many connections are ``open`` at each look."""

    dies_at: int = 0
    held: Slot | None = None
    open: list[int] = field(default_factory=list)
    looks: int = 0
    live: Slot = Slot.GREEN
    stopped: list[Slot] = field(default_factory=list)

    def restarts(self, *_: object) -> dict[str, int]:
        return {}

    def check_alive(self, *_: object) -> None:
        self.looks += 1
        if self.looks == self.dies_at:
            raise Unhealthy("hs-shop-green-1 ended with exit code 6")

    def stop(self, _app: str, slot: Slot, _grace: float) -> None:
        self.stopped.append(slot)

    def get(self, _app: str) -> TrafficState:
        return TrafficState(self.live, self.held)

    def set(self, _app: str, state: TrafficState) -> None:
        assert state.live
        self.live = state.live

    def apply(self, *_: object) -> bool:
        return False

    def visitors(self, *_: object) -> int:
        return 0

    def requests_in_flight(self, *_: object) -> int:
        return self.open.pop(0) if self.open else 0

    def prune(self, *_: object) -> None:
        pass


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def settings(state: StateDir) -> Settings:
    app = '[apps.shop]\nrepository = "push"\ndomains = ["shop.test"]\n'
    text = f'[server]\nstate_dir = "{state.root}"\n[nginx]\nbinary = "/none"\n{app}'
    return parse(text, state.root / "hookserver.toml").settings


@pytest.fixture
def context(
    settings: Settings, machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DeployContext]:
    """A second deploy that has just switched."""
    monkeypatch.setattr(after_switch, "_LOOK", 0.2)
    monkeypatch.setattr(after_switch, "_LOOK_EVERY", 0.01)
    store = Store(settings.server.state)
    store.sync_apps(["shop"])
    for slot in Slot:
        number = store.enqueue(Push("shop", Trigger.CLI)).deploy
        deploy = store.claim(builds=1)
        assert deploy
        store.add_release(Release(number, "shop", "c" * 40, "sha256:1", slot, 1))
        store.go_live(number, number, standby=600)
        if slot is Slot.BLUE:
            store.end(number, Status.LIVE)
    assert deploy
    log = DeployLog(tmp_path / "log")
    all_of_it: Any = machine
    yield Context(settings, {"shop": 1}, store, all_of_it, all_of_it, all_of_it).for_deploy(deploy, log)
    log.close()
    store.close()


def ends(context: DeployContext) -> None:
    release = context.store.release(context.deploy.number)
    assert release
    drain(context, release, context.store.release(1))


def status(context: DeployContext) -> Status:
    return context.store.deploy(context.deploy.number).status


def outcomes(context: DeployContext) -> dict[Step, StepOutcome | None]:
    return {step.step: step.outcome for step in context.store.steps(context.deploy.number)}


@pytest.mark.parametrize("held", [None, Slot.BLUE])
def test_a_release_that_dies_after_its_switch_is_sent_back_though_nothing_is_in_flight(
    context: DeployContext, machine: Machine, held: Slot | None
) -> None:
    machine.held, machine.dies_at = held, 5
    with pytest.raises(DeployFailed, match="sent back to deploy 1: hs-shop-green-1 ended with exit code 6"):
        ends(context)
    assert status(context) is Status.ROLLED_BACK
    assert (machine.live, machine.stopped) == (Slot.BLUE, [Slot.GREEN])
    assert outcomes(context) == {Step.DRAIN: StepOutcome.FAILED}


@pytest.mark.parametrize("held", [None, Slot.BLUE])
def test_a_release_that_lives_on_is_watched_for_its_time_and_stays(
    context: DeployContext, machine: Machine, held: Slot | None
) -> None:
    machine.held = held
    ends(context)
    assert machine.looks > 5
    assert (status(context), machine.live) == (Status.LIVE, Slot.GREEN)
    assert outcomes(context) == {Step.DRAIN: StepOutcome.DONE}


def test_one_that_dies_while_the_old_slot_drains_is_sent_back(context: DeployContext, machine: Machine) -> None:
    machine.open, machine.dies_at = [1] * 100, 3
    with pytest.raises(DeployFailed, match="sent back to deploy 1"):
        ends(context)
    assert len(machine.open) > 90


def test_a_long_first_fetch_ends_by_its_own_bound_before_the_worker_ends_the_deploy() -> None:
    assert 1200 < FETCH_DEADLINE < 9 * TASK_SECONDS
