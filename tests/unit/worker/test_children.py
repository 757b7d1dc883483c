"""The worker's child processes, forked for real."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hookserver.worker import children as module
from hookserver.worker.children import ALL_APPS, Children
from hookserver.worker.tasks import Task, TaskKind

Eventually = Callable[..., object]
DEPLOY = Task(TaskKind.DEPLOY, "shop", 7)
RECONCILE = Task(TaskKind.RECONCILE)


class Family:
    """Children that wait for the test, apart from those of an app named as how they end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reports: list[str] = []
        self.forks = 0
        self.children = Children(self.perform, self.before_fork, self.reports.append)

    def perform(self, task: Task) -> None:
        (self.folder / f"{task.kind}-{os.getpid()}").touch()
        if task.app == "done":
            return
        if task.app == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        while True:
            time.sleep(60)

    def before_fork(self) -> None:
        self.forks += 1

    def reaped(self, eventually: Eventually) -> object:
        return eventually(self.children.reap)


@pytest.fixture
def family(tmp_path: Path) -> Iterator[Family]:
    made = Family(tmp_path)
    yield made
    made.children.kill_all()


def test_a_task_runs_in_a_process_of_its_own(family: Family, eventually: Eventually) -> None:
    assert family.children.start(DEPLOY, 60)
    file = eventually(lambda: next(iter(family.folder.glob("deploy-*")), None))
    assert str(file).rpartition("-")[2] != str(os.getpid())
    assert family.forks == 1


def test_no_two_processes_do_the_same_task(family: Family) -> None:
    spared = Task(TaskKind.RECONCILE, spared=frozenset({"shop"}))
    assert family.children.start(RECONCILE, 60)
    assert not family.children.start(spared, 60)
    assert len(family.children) == 1


def test_a_process_that_ended_is_reaped_once_with_its_exit_code(family: Family, eventually: Eventually) -> None:
    done, dies = Task(TaskKind.POLL, "done"), Task(TaskKind.POLL, "dies")
    family.children.start(done, 60)
    assert family.reaped(eventually) == [(done, 0)]
    family.children.start(dies, 60)
    assert family.reaped(eventually) == [(dies, -signal.SIGKILL)]
    assert family.children.reap() == []


def test_a_postponed_task_does_not_start_until_its_time(family: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_AFTER", 60.0)
    family.children.postpone(DEPLOY)
    assert not family.children.start(DEPLOY, 60)
    assert family.children.start(RECONCILE, 60), "no other task is postponed"
    assert min(family.children.moments()) == pytest.approx(time.monotonic() + 60, abs=5)
    family.children.postpone_nothing()
    assert family.children.start(DEPLOY, 60)


def test_a_process_that_cannot_be_created_is_reported_and_retried_later(
    family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refuse)
    assert not family.children.start(DEPLOY, 60)
    assert family.reports == [
        "deploy shop could not be started and will be retried: [Errno 11] Resource temporarily unavailable"
    ]
    monkeypatch.undo()
    assert not family.children.start(DEPLOY, 60), "it is postponed"


def test_a_process_beyond_its_time_is_overdue(family: Family, eventually: Eventually) -> None:
    family.children.start(DEPLOY, 0)
    family.children.start(RECONCILE, 60)
    assert family.children.overdue() == [DEPLOY]
    family.children.kill(DEPLOY)
    assert family.reaped(eventually) == [(DEPLOY, -signal.SIGKILL)]
    assert family.children.overdue() == []


def test_busy_apps_are_those_that_running_tasks_change(family: Family) -> None:
    family.children.start(DEPLOY, 60)
    family.children.start(Task(TaskKind.POLL, "blog"), 60, changes_apps=False)
    assert family.children.busy_apps() == {"shop"}
    assert [family.children.is_busy(app) for app in ("shop", "blog")] == [True, False]
    family.children.start(RECONCILE, 60)
    assert ALL_APPS in family.children.busy_apps()
    assert family.children.is_busy("blog")


def test_running_tasks_are_counted_by_kind_and_found_by_deploy(family: Family) -> None:
    family.children.start(DEPLOY, 60)
    family.children.start(RECONCILE, 60)
    assert family.children.count(TaskKind.DEPLOY) == 1
    assert family.children.count(TaskKind.DEPLOY, TaskKind.RECONCILE) == 2
    assert family.children.count(TaskKind.POLL) == family.children.count() == 0
    assert family.children.task_of(7) == DEPLOY
    assert family.children.task_of(8) is None


def test_kill_all_leaves_no_process(family: Family, eventually: Eventually) -> None:
    family.children.start(DEPLOY, 60)
    file = eventually(lambda: next(iter(family.folder.glob("deploy-*")), None))
    family.children.kill_all()
    assert len(family.children) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(int(str(file).rpartition("-")[2]), 0)
