"""The loop, with a real database and real child processes that do what the test says."""

from __future__ import annotations

import multiprocessing
import os
import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest

from hookserver.config import Settings
from hookserver.errors import SettingsError
from hookserver.models import Release, Slot, Status, Step
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from hookserver.worker import loop
from hookserver.worker.task_table import TASKS
from hookserver.worker.tasks import TaskKind
from tests.unit.worker.stage import Stage, die, go_live, hang, push, retire


def test_a_push_is_deployed_in_a_child_process(stage: Stage, store: Store) -> None:
    number = store.enqueue(push()).deploy
    stage.until(lambda: store.deploy(number).ended_at)
    assert store.deploy(number).status is Status.LIVE
    assert stage.did("deploy")[0][3] != str(os.getpid())


def test_no_deploy_starts_before_the_first_reconcile(stage: Stage, store: Store) -> None:
    stage.does["reconcile"] = hang
    store.enqueue(push())
    stage.until(lambda: stage.did("reconcile"))
    stage.turn_often()
    assert stage.did("deploy") == []


def test_deploy_that_a_killed_worker_left_running_is_recovered_first(stage: Stage, store: Store) -> None:
    number = store.enqueue(push()).deploy
    assert store.claim(builds=1)
    stage.until(lambda: store.deploy(number).ended_at)
    kinds = stage.kinds()
    assert kinds.index("recover") < kinds.index("reconcile") < kinds.index("deploy")
    assert store.deploy(number).attempt == 2


def test_a_deploy_whose_child_dies_is_recovered_and_ends(stage: Stage, store: Store) -> None:
    stage.does["deploy"] = die
    number = store.enqueue(push()).deploy
    stage.until(lambda: store.deploy(number).ended_at, deadline=30)
    assert store.deploy(number).status is Status.FAILED
    assert len(stage.did("deploy")) == 3


def test_a_deploy_that_does_not_end_in_time_is_stopped_and_not_tried_again(
    stage: Stage, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    its = replace(TASKS[TaskKind.DEPLOY], seconds=lambda _app: 0.5)
    monkeypatch.setattr(loop, "TASKS", {**TASKS, TaskKind.DEPLOY: its})
    stage.does["deploy"] = hang
    number = store.enqueue(push()).deploy
    stage.until(lambda: store.deploy(number).ended_at)

    assert store.deploy(number).status is Status.FAILED
    assert store.deploy(number).reason == "it did not end in time, and was stopped"
    assert len(stage.did("deploy")) == 1


def test_cancel_kills_the_child_within_two_seconds_and_the_next_deploy_starts(stage: Stage, store: Store) -> None:
    stage.does["deploy"] = hang
    number = store.enqueue(push()).deploy
    stage.until(lambda: stage.did("deploy"))
    child = int(stage.did("deploy")[0][3])
    stage.does["deploy"] = go_live
    following = store.enqueue(push()).deploy
    began = time.monotonic()
    store.cancel(number)
    stage.until(lambda: store.deploy(number).status is Status.CANCELLED)
    assert time.monotonic() - began < 2
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    stage.until(lambda: store.deploy(following).ended_at)
    assert store.deploy(following).status is Status.LIVE


def push_often(state: StateDir, apps: list[str]) -> None:
    store = Store(state)
    for app in apps * 100:
        store.enqueue(push(app))
    store.close()


def test_a_hundred_pushes_to_each_of_ten_apps_end_with_the_newest_live(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    names = [f"app{number}" for number in range(10)]
    apps = {name: settings.apps["shop"].model_copy(update={"name": name, "poll": 0}) for name in names}
    store.sync_apps(names)
    stage = Stage(settings.model_copy(update={"apps": apps}), store, tmp_path / "diary")
    stage.does["retire"] = retire

    pusher = multiprocessing.get_context("fork").Process(target=push_often, args=(settings.server.state, names))
    store.close()  # SQLite's connections must not be forked
    pusher.start()
    stage.until(lambda: not pusher.is_alive(), deadline=60)
    stage.until(lambda: all(deploy.ended_at for deploy in store.deploys(limit=2000)), deadline=60)
    stage.worker._shut_down()
    served = [line[1] for line in stage.did("deploy")]
    assert set(served) == set(names)
    for app in names:
        pushes = store.deploys(app, limit=200)
        assert len(pushes) == 100
        assert pushes[0].status is Status.LIVE
        assert {deploy.status for deploy in pushes} <= {Status.LIVE, Status.SUPERSEDED}


def test_a_dead_nginx_ends_the_wait(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hookserver.worker.loop.CHECK_NGINX_EVERY", 0.05)
    stage.until(lambda: len(stage.did("poll")) == 2 and not stage.worker._children)
    wakeup, sender = socket.socketpair()
    with wakeup, sender:
        wakeup.setblocking(False)
        stage.is_serving = False
        began = time.monotonic()
        stage.worker._wait(wakeup)
    assert time.monotonic() - began < 2


def test_retirements_move_when_the_clock_is_set(stage: Stage, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    first = store.enqueue(push()).deploy
    stage.until(lambda: store.deploy(first).ended_at)
    second = store.enqueue(push()).deploy
    assert store.claim(builds=4)
    store.add_release(Release(second, "shop", "d" * 40, "sha256:2", Slot.GREEN, 2))
    store.go_live(second, second, standby=600)
    before = store.standbys()[0].retire_at
    assert before
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 3600)
    stage.worker._follow_clock()
    assert store.standbys()[0].retire_at == pytest.approx(before + 3600, abs=1)


def test_a_failed_task_is_not_retried_at_once(stage: Stage) -> None:
    stage.does["reconcile"] = die
    stage.until(lambda: stage.did("reconcile"))
    stage.until(lambda: stage.reports)
    stage.turn_often()
    assert len(stage.did("reconcile")) == 1


def test_a_stopped_worker_leaves_no_child_and_recovers_what_ran(stage: Stage, store: Store) -> None:
    stage.does["deploy"] = hang
    number = store.enqueue(push()).deploy
    stage.until(lambda: stage.did("deploy"))
    child = int(stage.did("deploy")[0][3])
    stage.worker._shut_down()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    assert store.deploy(number).status is Status.QUEUED


def test_a_second_attempt_starts_without_steps(stage: Stage, store: Store) -> None:
    number = store.enqueue(push()).deploy
    deploy = store.claim(builds=1)
    assert deploy
    store.begin_step(deploy, Step.BUILD)
    stage.until(lambda: store.deploy(number).ended_at)
    assert store.steps(number) == []


def test_settings_are_applied_at_start_and_on_request(stage: Stage, store: Store, settings: Settings) -> None:
    stage.until(lambda: stage.did("apply"))
    kinds = stage.kinds()
    assert kinds.index("reconcile") < kinds.index("apply")
    stage.reread = lambda _: settings.model_copy(update={"apps": {"blog": settings.apps["blog"]}})
    request = store.request_settings()
    stage.until(lambda: len(stage.did("apply")) == 2)
    assert store.effective_settings().loaded == request
    assert list(store.effective_settings().settings["apps"]) == ["blog"]


def test_a_file_with_mistakes_leaves_the_settings_as_they_are(stage: Stage, store: Store) -> None:
    stage.until(lambda: stage.did("apply"))

    def wrong(_: Settings) -> Settings:
        raise SettingsError("hookserver.toml", ["apps.shop.replicas: too many", "apps.shop.domains: missing"])

    stage.reread = wrong
    request = store.request_settings()
    stage.until(lambda: store.effective_settings().applied == request)
    assert "too many" in store.effective_settings().message
    assert "missing" in store.effective_settings().message
    assert sorted(store.effective_settings().settings["apps"]) == ["blog", "shop"]


def test_settings_are_applied_again_when_the_process_is_killed(stage: Stage) -> None:
    stage.does["apply"] = die
    stage.until(lambda: stage.did("apply"))
    stage.until(lambda: len(stage.did("apply")) == 2, deadline=15)


def test_removed_app_is_retired_on_request(stage: Stage, store: Store, settings: Settings) -> None:
    number = store.enqueue(push("shop")).deploy
    stage.until(lambda: store.deploy(number).ended_at)
    stage.reread = lambda _: settings.model_copy(update={"apps": {"blog": settings.apps["blog"]}})
    stage.does["remove_app"] = lambda store, task: store.record_app_removed(task.app)
    store.request_settings(["shop"])
    stage.until(lambda: stage.did("remove_app"))
    stage.until(lambda: not store.effective_settings().retire)
    assert store.app("shop").live is None


def test_settings_are_loaded_between_deploys_and_none_starts_meanwhile(
    stage: Stage, store: Store, settings: Settings
) -> None:
    stage.until(lambda: stage.did("apply") and not stage.worker._children)
    stage.does["deploy"] = hang
    running = store.enqueue(push("shop")).deploy
    stage.until(lambda: stage.did("deploy"))
    request = store.request_settings()
    waiting = store.enqueue(push("blog")).deploy
    stage.turn_often()
    assert store.effective_settings().loaded < request
    assert store.deploy(waiting).status is Status.QUEUED
    stage.does["deploy"] = go_live
    store.cancel(running)
    stage.until(lambda: store.effective_settings().loaded == request)
    stage.until(lambda: store.deploy(waiting).ended_at)


def test_branches_are_polled_when_settings_are_loaded(stage: Stage, store: Store) -> None:
    stage.until(lambda: len(stage.did("poll")) == 2 and not stage.worker._children)
    store.request_settings()
    stage.until(lambda: len(stage.did("poll")) == 4)
