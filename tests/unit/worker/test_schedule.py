"""When tasks are due, from a real database; no process runs."""

from __future__ import annotations

import time

import pytest

from hookserver.config import Settings
from hookserver.models import Push, Release, Slot, Status, Trigger
from hookserver.store import Store
from hookserver.worker.children import RETRY_AFTER, Children
from hookserver.worker.schedule import READ_EVERY, RECONCILE_EVERY, Schedule
from hookserver.worker.tasks import Task, TaskKind


class Running(Children):
    """Children of which the test says what they do."""

    def __init__(self) -> None:
        super().__init__(lambda _: None, lambda: None, lambda _: None)
        self.tasks: list[Task] = []

    def count(self, *kinds: TaskKind) -> int:
        return sum(task.kind in kinds for task in self.tasks)

    def task_of(self, deploy: int) -> Task | None:
        return next((task for task in self.tasks if task.deploy == deploy), None)

    def busy_apps(self) -> frozenset[str]:
        return frozenset(task.app for task in self.tasks)


class FakeNginx:
    is_up = True


@pytest.fixture
def nginx() -> FakeNginx:
    return FakeNginx()


@pytest.fixture
def running() -> Running:
    return Running()


@pytest.fixture
def schedule(settings: Settings, store: Store, running: Running, nginx: FakeNginx) -> Schedule:
    return Schedule(settings, store, running, lambda _: nginx.is_up)


def push(app: str = "shop", rollback_to: int | None = None) -> Push:
    return Push(app, Trigger.ROLLBACK if rollback_to else Trigger.WEBHOOK, rollback_to=rollback_to)


def start_all_polls(schedule: Schedule) -> None:
    for task in [*schedule.polls()]:
        schedule.attempted(task, has_started=True)


def live(store: Store, slot: Slot, standby: float = 0) -> int:
    number = store.enqueue(push()).deploy
    assert store.claim(builds=4)
    store.add_release(Release(number, "shop", "c" * 40, "sha256:1", slot, 2))
    store.go_live(number, number, standby)
    store.end(number, Status.LIVE)
    return number


def test_a_deploy_without_a_process_is_to_be_recovered(schedule: Schedule, store: Store, running: Running) -> None:
    number = store.enqueue(push()).deploy
    assert [*schedule.deploys_to_recover()] == []
    assert store.claim(builds=1)
    assert [*schedule.deploys_to_recover()] == [Task(TaskKind.RECOVER, "shop", number)]
    running.tasks = [Task(TaskKind.DEPLOY, "shop", number)]
    assert [*schedule.deploys_to_recover()] == []


def test_the_first_reconcile_waits_until_every_deploy_is_recovered(schedule: Schedule, running: Running) -> None:
    running.tasks = [Task(TaskKind.RECOVER, "shop", 1)]
    assert [*schedule.reconcile()] == []
    running.tasks = []
    assert [*schedule.reconcile()] == [Task(TaskKind.RECONCILE)]


def test_a_later_reconcile_spares_the_apps_that_tasks_change(schedule: Schedule, running: Running) -> None:
    schedule.ended(Task(TaskKind.RECONCILE), has_failed=False)
    running.tasks = [Task(TaskKind.RECOVER, "shop", 1)]
    assert [task.spared for task in schedule.reconcile()] == [{"shop"}]


def test_reconcile_is_due_again_after_its_time_or_when_nginx_is_down(
    schedule: Schedule, nginx: FakeNginx, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule.ended(Task(TaskKind.RECONCILE), has_failed=False)
    schedule.attempted(Task(TaskKind.RECONCILE), has_started=True)
    assert [*schedule.reconcile()] == []
    nginx.is_up = False
    assert len([*schedule.reconcile()]) == 1
    nginx.is_up = True
    later = time.monotonic() + RECONCILE_EVERY
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert len([*schedule.reconcile()]) == 1


def test_a_first_reconcile_that_fails_is_retried_after_seconds(
    schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    (reconcile,) = schedule.reconcile()
    schedule.attempted(reconcile, has_started=True)
    schedule.ended(reconcile, has_failed=True)
    start_all_polls(schedule)
    assert [*schedule.reconcile()] == []
    assert schedule.seconds_until_due() <= RETRY_AFTER
    later = time.monotonic() + RETRY_AFTER
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert [*schedule.reconcile()] == [reconcile]


def test_a_reconcile_that_could_not_start_is_retried_after_seconds(schedule: Schedule) -> None:
    schedule.attempted(Task(TaskKind.RECONCILE), has_started=False)
    start_all_polls(schedule)
    assert RETRY_AFTER - 1 < schedule.seconds_until_due() <= RETRY_AFTER


def test_nginx_does_not_count_as_down_before_the_first_successful_reconcile(
    schedule: Schedule, nginx: FakeNginx
) -> None:
    nginx.is_up = False
    schedule.ended(Task(TaskKind.RECONCILE), has_failed=True)
    assert not schedule.nginx_is_down()
    schedule.ended(Task(TaskKind.RECONCILE), has_failed=False)
    assert schedule.nginx_is_down()


def test_settings_are_applied_once_and_again_after_a_failure_or_with_new_ones(
    schedule: Schedule, settings: Settings
) -> None:
    apply = Task(TaskKind.APPLY)
    schedule.attempted(apply, has_started=False)
    assert [*schedule.apply()] == [apply]
    schedule.attempted(apply, has_started=True)
    assert [*schedule.apply()] == []
    schedule.ended(apply, has_failed=True)
    assert [*schedule.apply()] == [apply]
    schedule.attempted(apply, has_started=True)
    schedule.ended(apply, has_failed=False)
    assert [*schedule.apply()] == []
    schedule.use(settings)
    assert [*schedule.apply()] == [apply]


def test_apps_are_removed_once_their_retirement_is_requested(schedule: Schedule, store: Store) -> None:
    store.request_settings(["old"])
    assert [*schedule.apps_to_remove()] == [Task(TaskKind.REMOVE_APP, "old")]


def test_a_standby_is_retired_when_its_time_has_come(schedule: Schedule, store: Store) -> None:
    live(store, Slot.BLUE)
    live(store, Slot.GREEN)
    assert [*schedule.standbys_to_retire()] == [Task(TaskKind.RETIRE, "shop")]


def test_a_standby_stays_until_its_time(schedule: Schedule, store: Store) -> None:
    live(store, Slot.BLUE)
    live(store, Slot.GREEN, standby=600)
    assert [*schedule.standbys_to_retire()] == []


def test_a_standby_stays_for_a_rollback_that_waits_and_for_a_deploy_in_progress(
    schedule: Schedule, store: Store
) -> None:
    first = live(store, Slot.BLUE)
    live(store, Slot.GREEN)
    back = store.enqueue(push(rollback_to=first)).deploy
    assert [*schedule.standbys_to_retire()] == []
    assert store.claim(builds=1)
    assert [*schedule.standbys_to_retire()] == []
    store.end(back, Status.FAILED)
    assert len([*schedule.standbys_to_retire()]) == 1


def test_every_branch_is_polled_at_start_and_not_again_at_once(schedule: Schedule) -> None:
    polls = [*schedule.polls()]
    assert polls == [Task(TaskKind.POLL, "shop"), Task(TaskKind.POLL, "blog")]
    for task in polls:
        schedule.attempted(task, has_started=True)
    assert [*schedule.polls()] == []


def test_a_failed_poll_is_due_again_before_the_next_regular_one(
    schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    for task in [*schedule.polls()]:
        schedule.attempted(task, has_started=True)
        schedule.ended(task, has_failed=task.app == "shop")
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 60)
    assert [*schedule.polls()] == [Task(TaskKind.POLL, "shop")]


def test_deploys_are_claimed_one_by_one_up_to_builds(schedule: Schedule, store: Store, running: Running) -> None:
    numbers = [store.enqueue(push(app)).deploy for app in ("shop", "blog")]
    claims = schedule.claimed_deploys()
    running.tasks.append(next(claims))
    assert [store.deploy(number).status for number in numbers] == [Status.RUNNING, Status.QUEUED]
    running.tasks.append(next(claims))
    assert [task.deploy for task in running.tasks] == numbers
    assert [*claims] == []


@pytest.mark.parametrize("task", [Task(TaskKind.RETIRE, "shop"), Task(TaskKind.RECONCILE)])
def test_a_deploy_is_not_claimed_while_a_task_changes_its_app(
    schedule: Schedule, store: Store, running: Running, task: Task
) -> None:
    number = store.enqueue(push()).deploy
    running.tasks = [task]
    assert [*schedule.claimed_deploys()] == []
    assert store.deploy(number).status is Status.QUEUED


def test_the_wait_ends_when_something_is_due_and_lasts_no_longer_than_the_database_may_stay_unread(
    schedule: Schedule, store: Store
) -> None:
    assert schedule.seconds_until_due() < 1, "the first reconcile is due"
    schedule.ended(Task(TaskKind.RECONCILE), has_failed=False)
    for task in (Task(TaskKind.RECONCILE), *schedule.polls()):
        schedule.attempted(task, has_started=True)
    assert schedule.seconds_until_due() == READ_EVERY
    live(store, Slot.BLUE)
    live(store, Slot.GREEN, standby=5)
    assert schedule.seconds_until_due() == pytest.approx(5, abs=1)
