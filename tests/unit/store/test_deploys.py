"""The life of a deploy from its first step to its end, on a real SQLite file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hookserver.models import Deploy, Push, Status, Step, StepOutcome, StepRun, Trigger
from hookserver.state.state_dir import StateDir
from hookserver.store import Store


@pytest.fixture
def store(state: StateDir) -> Iterator[Store]:
    made = Store(state)
    made.sync_apps(["shop"])
    yield made
    made.close()


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
