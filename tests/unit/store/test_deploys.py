"""The life of a deploy from its first step to its end, on a real SQLite file."""

from __future__ import annotations

import pytest

from hookserver.models import Deploy, Push, Release, Slot, Status, Step, StepOutcome, StepRun, Trigger
from hookserver.store import Store
from tests.unit.store.deploying import NOW, Clock, claimed, live, push, release_of


@pytest.fixture
def deploy(store: Store) -> Deploy:
    """A running deploy."""
    store.enqueue(Push("shop", Trigger.WEBHOOK))
    claimed = store.claim(builds=1)
    assert claimed
    return claimed


def last_step(store: Store, deploy: Deploy) -> StepRun:
    return store.steps(deploy.number)[-1]


def test_a_step_that_runs_has_no_outcome(store: Store, deploy: Deploy) -> None:
    store.begin_step(deploy, Step.FETCH)
    assert (last_step(store, deploy).outcome, last_step(store, deploy).ended_at) == (None, None)


def test_steps_keep_how_each_ended(store: Store, deploy: Deploy) -> None:
    for step, outcome in ((Step.FETCH, StepOutcome.DONE), (Step.BUILD, StepOutcome.FAILED)):
        store.begin_step(deploy, step)
        store.end_step(deploy.number, outcome)
    assert [run.outcome for run in store.steps(deploy.number)] == [StepOutcome.DONE, StepOutcome.FAILED]


def test_the_end_of_a_step_is_recorded_once(store: Store, deploy: Deploy) -> None:
    store.begin_step(deploy, Step.FETCH)
    store.end_step(deploy.number, StepOutcome.FAILED)
    store.end(deploy.number, Status.LIVE)
    store.end_step(deploy.number, StepOutcome.DONE)
    assert last_step(store, deploy).outcome is StepOutcome.FAILED


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (Status.LIVE, StepOutcome.DONE),
        (Status.FAILED, StepOutcome.FAILED),
        (Status.CANCELLED, StepOutcome.CANCELLED),
    ],
)
def test_the_end_of_a_deploy_closes_its_open_step(
    store: Store, deploy: Deploy, status: Status, outcome: StepOutcome
) -> None:
    store.begin_step(deploy, Step.CHECK)
    store.end(deploy.number, status)
    assert last_step(store, deploy).outcome is outcome
    assert last_step(store, deploy).ended_at is not None


@pytest.mark.parametrize("outcome", [StepOutcome.INTERRUPTED, StepOutcome.CANCELLED])
def test_a_killed_step_says_whether_somebody_cancelled_the_deploy(
    store: Store, deploy: Deploy, outcome: StepOutcome
) -> None:
    store.begin_step(deploy, Step.BUILD)
    if outcome is StepOutcome.CANCELLED:
        store.cancel(deploy.number)
    store.end_killed_step(deploy.number)
    assert last_step(store, deploy).outcome is outcome


def test_a_deploy_that_is_killed_for_good_leaves_its_step_interrupted(store: Store, deploy: Deploy) -> None:
    for attempt in range(3):
        if attempt:
            again = store.claim(builds=1)
            assert again
            deploy = again
        store.begin_step(deploy, Step.BUILD)
        store.requeue(deploy.number)
    assert store.deploy(deploy.number).status is Status.FAILED
    assert last_step(store, deploy).outcome is StepOutcome.INTERRUPTED


def test_go_live_makes_the_previous_release_the_standby(store: Store, clock: Clock) -> None:
    first = live(store)
    second = live(store, slot=Slot.GREEN)
    assert store.app("shop").live == second
    standby = store.standbys()
    assert [release.deploy for release in standby] == [first]
    assert standby[0].retire_at == pytest.approx(clock.now + 600, abs=1)
    store.record_retired(first)
    assert store.standbys() == []


def test_a_rollback_to_the_standby_makes_the_old_release_live(store: Store) -> None:
    first, second = live(store), live(store, slot=Slot.GREEN)
    back = claimed(store, trigger=Trigger.ROLLBACK, rollback_to=first)
    store.go_live(back, first, standby=600)
    store.end(back, Status.LIVE)
    assert store.app("shop").live == first
    assert store.deploy(second).status is Status.ROLLED_BACK
    assert [release.deploy for release in store.standbys()] == [second]


def test_steps_are_those_of_the_last_attempt(store: Store) -> None:
    number = store.enqueue(push()).deploy
    first = store.claim(builds=1)
    assert first
    store.begin_step(first, Step.FETCH)
    store.requeue(number)
    second = store.claim(builds=1)
    assert second
    store.begin_step(second, Step.FETCH)
    store.begin_step(second, Step.BUILD)
    steps = store.steps(number)
    assert [step.step for step in steps] == [Step.FETCH, Step.BUILD]
    assert steps[0].ended_at == steps[1].started_at
    assert steps[1].ended_at is None


def test_a_rollback_that_is_sent_back_restores_the_statuses(store: Store) -> None:
    first, second = live(store), live(store, slot=Slot.GREEN)
    back = claimed(store, trigger=Trigger.ROLLBACK, rollback_to=first)
    store.go_live(back, first, standby=600)
    store.send_back(back, first, second, "it died")
    assert store.app("shop").live == second
    assert store.deploy(second).status is Status.LIVE
    assert [store.deploy(number).status for number in (first, back)] == [Status.ROLLED_BACK] * 2
    assert store.standbys() == []


def test_go_live_makes_the_previous_release_sticky(store: Store) -> None:
    first, second = live(store), live(store, slot=Slot.GREEN)
    held = release_of(store, first)
    assert (held.retire_at, held.sticky_until) == (NOW + 600, NOW + 1800)
    assert release_of(store, second).sticky_until is None


def test_a_rollback_makes_the_other_release_sticky(store: Store) -> None:
    first, second = live(store), live(store, slot=Slot.GREEN)
    store.record_visitors(first, NOW + 700, 5)
    store.go_live(claimed(store, trigger=Trigger.ROLLBACK, rollback_to=first), first, 600, 1800)
    assert (release_of(store, first).sticky_until, release_of(store, first).visitors) == (None, None)
    assert release_of(store, second).sticky_until == NOW + 1800


def test_go_live_without_sticky_seconds_only_keeps_the_standby(store: Store) -> None:
    first = live(store)
    number = claimed(store)
    store.add_release(Release(number, "shop", "c" * 40, "sha256:1", Slot.GREEN, 2))
    store.go_live(number, number, 600)
    assert (release_of(store, first).retire_at, release_of(store, first).sticky_until) == (NOW + 600, None)


def test_send_back_leaves_no_release_sticky(store: Store) -> None:
    first = live(store)
    number = claimed(store)
    store.add_release(Release(number, "shop", "c" * 40, "sha256:1", Slot.GREEN, 2))
    store.go_live(number, number, 600, 1800)
    store.send_back(number, number, first, "it died")
    assert [release_of(store, deploy).sticky_until for deploy in (first, number)] == [None, None]


def test_a_deploy_keeps_how_many_visitors_lost_their_sessions(store: Store) -> None:
    number = claimed(store)
    assert store.deploy(number).visitors_lost is None
    store.record_lost_sessions(number, 4)
    assert store.deploy(number).visitors_lost == 4
