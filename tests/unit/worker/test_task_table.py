"""Each row of the table of tasks, in a real worker whose child processes do what the test says."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from hookserver.config import Settings
from hookserver.models import Status
from hookserver.pipeline.steps import FETCH_DEADLINE
from hookserver.store import Store
from hookserver.worker.task_table import TASK_SECONDS, TASKS
from hookserver.worker.tasks import Task, TaskKind
from tests.unit.worker.stage import Stage, go_live, hang, push


def write(file: Path, text: str) -> None:
    fresh = file.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(file)


def test_two_apps_deploy_at_once_and_one_app_never_twice(stage: Stage, store: Store) -> None:
    stage.does["deploy"] = hang
    for app in ("shop", "blog", "shop"):
        store.enqueue(push(app))
    stage.until(lambda: len(stage.did("deploy")) == 2)
    store.enqueue(push("shop"))
    stage.turn_often()
    assert sorted(line[1] for line in stage.did("deploy")) == ["blog", "shop"]


def test_no_deploy_starts_while_the_process_of_the_last_one_still_ends(
    stage: Stage, store: Store, tmp_path: Path
) -> None:
    def send_back_and_stop(store: Store, task: Task) -> None:
        store.end(task.deploy, Status.FAILED)
        while not (tmp_path / "stopped").exists():
            time.sleep(0.01)

    stage.does["deploy"] = send_back_and_stop
    first = store.enqueue(push()).deploy
    stage.until(lambda: store.deploy(first).ended_at)
    stage.does["deploy"] = go_live
    second = store.enqueue(push()).deploy
    stage.turn_often()
    assert store.deploy(second).status is Status.QUEUED
    (tmp_path / "stopped").touch()
    stage.until(lambda: store.deploy(second).ended_at)


@pytest.mark.parametrize("kind", ["deploy", "retire"])
def test_a_reconcile_spares_the_app_whose_slot_is_being_stopped(
    stage: Stage, store: Store, tmp_path: Path, kind: str
) -> None:
    """A retirement, and a release that was sent back, are over in the database before their replicas have stopped."""

    def stop_slowly(store: Store, task: Task) -> None:
        if kind == "deploy":
            store.end(task.deploy, Status.FAILED)
        else:
            store.record_retired(store.standbys()[0].deploy)
        time.sleep(60)

    spared = tmp_path / "spared"
    stage.until(lambda: stage.did("reconcile"))
    stage.does |= {kind: stop_slowly, "reconcile": lambda _, task: write(spared, ",".join(task.spared))}
    for _ in range(2 if kind == "retire" else 1):
        store.enqueue(push())
        stage.until(lambda: not store.in_progress() and not [d for d in store.deploys() if not d.status.is_over])
    stage.until(lambda: stage.did(kind) and not store.standbys())
    stage.is_serving = False
    stage.until(lambda: spared.exists() and spared.read_text())
    assert spared.read_text() == "shop"


def test_reconcile_and_apply_never_run_at_once(stage: Stage, store: Store, tmp_path: Path) -> None:
    """Both make the repositories that are pushed to."""

    def wait(_store: Store, _task: Task) -> None:
        while not (tmp_path / "go on").exists():
            time.sleep(0.01)

    stage.until(lambda: stage.did("apply") and not stage.worker._children)
    stage.does["reconcile"] = stage.does["apply"] = wait
    before = {kind: len(stage.did(kind)) for kind in ("reconcile", "apply")}
    store.request_settings()
    stage.is_serving = False
    stage.turn_often()
    begun = [kind for kind, count in before.items() if len(stage.did(kind)) > count]
    assert len(begun) == 1
    (tmp_path / "go on").touch()
    stage.until(lambda: all(len(stage.did(kind)) > count for kind, count in before.items()))


def test_a_standby_is_retired_when_its_time_has_come(stage: Stage, store: Store) -> None:
    first = store.enqueue(push()).deploy
    stage.until(lambda: store.deploy(first).ended_at)
    second = store.enqueue(push()).deploy
    stage.until(lambda: store.deploy(second).ended_at)
    stage.does["retire"] = lambda store, _task: store.record_retired(first)
    stage.until(lambda: not store.standbys())
    assert stage.did("retire")


def test_every_branch_is_polled_once_at_start(stage: Stage) -> None:
    stage.until(lambda: len(stage.did("poll")) == 2)
    stage.turn_often()
    assert len(stage.did("poll")) == 2, "again only after `poll`"


def test_reconcile_starts_at_once_when_nginx_is_down(stage: Stage) -> None:
    stage.until(lambda: stage.did("poll"))
    stage.is_serving = False
    stage.until(lambda: len(stage.did("reconcile")) == 2)


def test_every_kind_of_task_has_a_row() -> None:
    assert set(TASKS) == set(TaskKind)


def test_a_deploy_may_take_longer_than_all_its_steps(settings: Settings) -> None:
    app = settings.apps["shop"]
    steps = app.build.timeout + app.release.prepare_timeout + app.health.deadline + app.release.drain
    assert TASKS[TaskKind.DEPLOY].seconds(app) > steps + FETCH_DEADLINE
    assert TASKS[TaskKind.RETIRE].seconds(app) > app.release.drain


@pytest.mark.parametrize("kind", TaskKind)
def test_task_of_an_app_that_was_removed_from_the_settings_has_a_time_limit_too(kind: TaskKind) -> None:
    assert TASKS[kind].seconds(None) == TASK_SECONDS


def test_no_more_than_two_polls_run_at_once(settings: Settings, store: Store, tmp_path: Path) -> None:
    apps = {name: settings.apps["shop"].model_copy(update={"name": name}) for name in ("one", "two", "three")}
    stage = Stage(settings.model_copy(update={"apps": apps}), store, tmp_path / "diary")
    stage.does["poll"] = hang
    stage.until(lambda: len(stage.did("poll")) == 2)
    stage.turn_often()
    assert stage.worker._children.count(TaskKind.POLL) == 2
    stage.worker._shut_down()
