"""The worker's promises, with real child processes and a real database; what a child does is the test's own."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hookserver.config import Settings, parse
from hookserver.errors import SettingsError
from hookserver.models import Push, Release, Slot, Status, Step, Trigger
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from hookserver.worker.loop import Worker
from hookserver.worker.tasks import Task

Eventually = Callable[..., object]


@pytest.fixture
def settings(state: StateDir) -> Settings:
    text = f'[server]\nstate_dir = "{state.root}"\nbuilds = 2\n'
    for app in ("shop", "blog"):
        text += f'[apps.{app}]\nrepository = "push"\ndomains = ["{app}.example.com"]\npoll = "1h"\n'
    return parse(text, state.root / "hookserver.toml").settings


@pytest.fixture
def store(state: StateDir) -> Iterator[Store]:
    made = Store(state)
    made.sync_apps(["shop", "blog"])
    yield made
    made.close()


class Stage:
    """A worker whose children do what the test says, and write down what they did."""

    def __init__(self, settings: Settings, store: Store, diary: Path) -> None:
        self.settings = settings
        self.store = store
        self.diary = diary
        self.diary.touch()
        self.told: list[str] = []
        self.is_serving = True
        self.how: dict[str, Callable[[Store, Task], None]] = {"deploy": go_live, "recover": requeue}
        self.fresh: Callable[[Settings], Settings] = lambda settings: settings
        self.worker = Worker(
            settings, store, self.perform, lambda _: self.is_serving, lambda now: self.fresh(now), self.told.append
        )

    def perform(self, _settings: Settings, task: Task) -> None:
        with self.diary.open("a") as diary:
            diary.write(f"{task.kind} {task.app} {task.deploy} {os.getpid()}\n")
        store = Store(self.settings.server.state)
        self.how.get(task.kind, nothing)(store, task)
        store.close()

    def did(self, kind: str) -> list[list[str]]:
        lines = [line.rsplit(" ", 3) for line in self.diary.read_text().splitlines()]
        return [line for line in lines if line[0] == kind]

    def until(self, condition: Callable[[], object], deadline: float = 10.0) -> None:
        end = time.monotonic() + deadline
        while not condition():
            assert time.monotonic() < end, (self.diary.read_text(), self.told)
            self.worker.turn()
            time.sleep(0.01)


@pytest.fixture
def stage(settings: Settings, store: Store, tmp_path: Path) -> Iterator[Stage]:
    made = Stage(settings, store, tmp_path / "diary")
    yield made
    made.how = {}
    made.worker._shut_down()


def go_live(store: Store, task: Task) -> None:
    store.add_release(Release(task.deploy, task.app, "c" * 40, "sha256:1", Slot.BLUE, 2))
    store.go_live(task.deploy, task.deploy, standby=0)
    store.end(task.deploy, Status.LIVE)


def retire(store: Store, task: Task) -> None:
    for release in store.standbys():
        if release.app == task.app:
            store.record_retired(release.deploy)


def nothing(_store: Store, _task: Task) -> None:
    pass


def write(file: Path, text: str) -> None:
    fresh = file.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(file)


def hang(_store: Store, _task: Task) -> None:
    time.sleep(60)


def die(_store: Store, _task: Task) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def requeue(store: Store, task: Task) -> None:
    store.requeue(task.deploy)


def push(app: str = "shop") -> Push:
    return Push(app, Trigger.WEBHOOK)


def test_a_push_is_deployed_in_a_child_process(stage: Stage, store: Store) -> None:
    number = store.enqueue(push()).deploy
    stage.until(lambda: store.deploy(number).ended_at)
    assert store.deploy(number).status is Status.LIVE
    assert stage.did("deploy")[0][3] != str(os.getpid())


def test_nothing_is_claimed_before_what_runs_was_compared_once(stage: Stage, store: Store) -> None:
    stage.how["reconcile"] = hang
    store.enqueue(push())
    stage.until(lambda: stage.did("reconcile"))
    for _ in range(20):
        stage.worker.turn()
    assert stage.did("deploy") == []


def test_what_a_killed_worker_left_running_is_settled_before_anything_else(stage: Stage, store: Store) -> None:
    number = store.enqueue(push()).deploy
    assert store.claim(builds=1)
    stage.until(lambda: store.deploy(number).ended_at)
    kinds = [line.split()[0] for line in stage.diary.read_text().splitlines()]
    assert kinds.index("recover") < kinds.index("reconcile") < kinds.index("deploy")
    assert store.deploy(number).attempt == 2


def test_a_child_that_died_is_settled_and_its_deploy_ends(stage: Stage, store: Store) -> None:
    stage.how["deploy"] = die
    number = store.enqueue(push()).deploy
    stage.until(lambda: store.deploy(number).ended_at, deadline=30)
    assert store.deploy(number).status is Status.FAILED
    assert len(stage.did("deploy")) == 3


def test_cancel_kills_the_child_within_two_seconds_and_the_next_one_starts(stage: Stage, store: Store) -> None:
    stage.how["deploy"] = hang
    number = store.enqueue(push()).deploy
    stage.until(lambda: stage.did("deploy"))
    child = int(stage.did("deploy")[0][3])
    stage.how["deploy"] = go_live
    following = store.enqueue(push()).deploy
    began = time.monotonic()
    store.cancel(number)
    stage.until(lambda: store.deploy(number).status is Status.CANCELLED)
    assert time.monotonic() - began < 2
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    stage.until(lambda: store.deploy(following).ended_at)
    assert store.deploy(following).status is Status.LIVE


def test_two_apps_deploy_at_once_and_one_app_never_twice(stage: Stage, store: Store) -> None:
    stage.how["deploy"] = hang
    for app in ("shop", "blog", "shop"):
        store.enqueue(push(app))
    stage.until(lambda: len(stage.did("deploy")) == 2)
    store.enqueue(push("shop"))
    for _ in range(20):
        stage.worker.turn()
    assert sorted(line[1] for line in stage.did("deploy")) == ["blog", "shop"]


def push_often(state: StateDir, apps: list[str]) -> None:
    store = Store(state)
    for app in apps * 100:
        store.enqueue(push(app))
    store.close()


def test_a_hundred_pushes_to_each_of_ten_apps_all_end_with_the_newest_live(
    settings: Settings, store: Store, tmp_path: Path
) -> None:
    names = [f"app{number}" for number in range(10)]
    apps = {name: settings.apps["shop"].model_copy(update={"name": name, "poll": 0}) for name in names}
    store.sync_apps(names)
    stage = Stage(settings.model_copy(update={"apps": apps}), store, tmp_path / "diary")
    stage.how["retire"] = retire

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


def test_a_standby_is_retired_when_its_time_has_come(stage: Stage, store: Store) -> None:
    first = store.enqueue(push()).deploy
    stage.until(lambda: store.deploy(first).ended_at)
    second = store.enqueue(push()).deploy
    stage.until(lambda: store.deploy(second).ended_at)
    stage.how["retire"] = lambda store, _task: store.record_retired(first)
    stage.until(lambda: not store.standbys())
    assert stage.did("retire")


def test_the_branch_is_looked_at_at_start(stage: Stage) -> None:
    stage.until(lambda: len(stage.did("poll")) == 2)
    for _ in range(20):
        stage.worker.turn()
    assert len(stage.did("poll")) == 2, "again only after `poll`"


def test_a_look_at_the_branch_that_fails_is_not_repeated_at_once(stage: Stage) -> None:
    stage.how["poll"] = die
    stage.until(lambda: len(stage.told) == 2)
    soon = time.monotonic() + 60
    assert stage.worker._schedule._poll_times.due(soon) == ["shop", "blog"]
    assert stage.worker._schedule._poll_times.due(soon - 40) == []


def test_no_deploy_begins_while_the_process_of_the_last_one_still_ends(
    stage: Stage, store: Store, tmp_path: Path
) -> None:
    def send_back_and_stop(store: Store, task: Task) -> None:
        store.end(task.deploy, Status.FAILED)
        while not (tmp_path / "stopped").exists():
            time.sleep(0.01)

    stage.how["deploy"] = send_back_and_stop
    first = store.enqueue(push()).deploy
    stage.until(lambda: store.deploy(first).ended_at)
    stage.how["deploy"] = go_live
    second = store.enqueue(push()).deploy
    for _ in range(20):
        stage.worker.turn()
    assert store.deploy(second).status is Status.QUEUED
    (tmp_path / "stopped").touch()
    stage.until(lambda: store.deploy(second).ended_at)


@pytest.mark.parametrize("kind", ["deploy", "retire"])
def test_what_runs_is_compared_beside_a_slot_that_is_let_go_but_for_its_app(
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
    stage.how |= {kind: stop_slowly, "reconcile": lambda _, task: write(spared, ",".join(task.spared))}
    for _ in range(2 if kind == "retire" else 1):
        store.enqueue(push())
        stage.until(lambda: not store.in_progress() and not [d for d in store.deploys() if not d.status.is_over])
    stage.until(lambda: stage.did(kind) and not store.standbys())
    stage.is_serving = False
    stage.until(lambda: spared.exists() and spared.read_text())
    assert spared.read_text() == "shop"


def test_a_comparison_and_the_taking_up_of_settings_do_not_run_at_once(
    stage: Stage, store: Store, tmp_path: Path
) -> None:
    """Both make the repositories that are pushed to."""

    def wait(_store: Store, _task: Task) -> None:
        while not (tmp_path / "go on").exists():
            time.sleep(0.01)

    stage.until(lambda: stage.did("apply") and not stage.worker._children)
    stage.how["reconcile"] = stage.how["apply"] = wait
    before = {kind: len(stage.did(kind)) for kind in ("reconcile", "apply")}
    store.request_settings()
    stage.is_serving = False
    for _ in range(20):
        stage.worker.turn()
        time.sleep(0.01)
    begun = [kind for kind, count in before.items() if len(stage.did(kind)) > count]
    assert len(begun) == 1
    (tmp_path / "go on").touch()
    stage.until(lambda: all(len(stage.did(kind)) > count for kind, count in before.items()))


def test_a_dead_nginx_is_noticed_at_once(stage: Stage) -> None:
    stage.until(lambda: stage.did("poll"))
    stage.is_serving = False
    stage.until(lambda: len(stage.did("reconcile")) == 2)


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


def test_retirements_follow_clock_when_it_is_set(stage: Stage, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_task_that_fails_is_not_tried_again_at_once(stage: Stage) -> None:
    stage.how["reconcile"] = die
    stage.until(lambda: stage.did("reconcile"))
    stage.until(lambda: stage.told)
    for _ in range(20):
        stage.worker.turn()
    assert len(stage.did("reconcile")) == 1


def test_a_stopped_worker_leaves_no_child_and_settles_what_ran(stage: Stage, store: Store) -> None:
    stage.how["deploy"] = hang
    number = store.enqueue(push()).deploy
    stage.until(lambda: stage.did("deploy"))
    child = int(stage.did("deploy")[0][3])
    stage.worker._shut_down()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    assert store.deploy(number).status is Status.QUEUED


def test_children_die_with_a_killed_worker(tmp_path: Path, eventually: Eventually) -> None:
    script = tmp_path / "worker.py"
    script.write_text(
        "import multiprocessing, time\n"
        "from hookserver.worker.child import become_child\n"
        "def child():\n"
        "    become_child()\n"
        f"    open({str(tmp_path / 'pid')!r}, 'w').write(str(__import__('os').getpid()))\n"
        "    time.sleep(60)\n"
        "multiprocessing.get_context('fork').Process(target=child).start()\n"
    )
    with subprocess.Popen([sys.executable, str(script)]) as parent:
        pid = int(str(eventually(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())))
        parent.kill()
    eventually(lambda: not Path(f"/proc/{pid}").exists(), deadline=5)


def test_steps_of_a_second_attempt_start_anew(stage: Stage, store: Store) -> None:
    number = store.enqueue(push()).deploy
    deploy = store.claim(builds=1)
    assert deploy
    store.begin_step(deploy, Step.BUILD)
    stage.until(lambda: store.deploy(number).ended_at)
    assert store.steps(number) == []


def test_settings_are_taken_up_at_start_and_again_when_somebody_asks(
    stage: Stage, store: Store, settings: Settings
) -> None:
    stage.until(lambda: stage.did("apply"))
    kinds = [line.split()[0] for line in stage.diary.read_text().splitlines()]
    assert kinds.index("reconcile") < kinds.index("apply")
    stage.fresh = lambda _: settings.model_copy(update={"apps": {"blog": settings.apps["blog"]}})
    request = store.request_settings()
    stage.until(lambda: len(stage.did("apply")) == 2)
    assert store.effective_settings().loaded == request
    assert list(store.effective_settings().settings["apps"]) == ["blog"]


def test_a_file_with_mistakes_leaves_the_settings_as_they_are(stage: Stage, store: Store) -> None:
    stage.until(lambda: stage.did("apply"))

    def wrong(_: Settings) -> Settings:
        raise SettingsError("hookserver.toml", ["apps.shop.replicas: too many", "apps.shop.domains: missing"])

    stage.fresh = wrong
    request = store.request_settings()
    stage.until(lambda: store.effective_settings().applied == request)
    assert "too many" in store.effective_settings().message
    assert "missing" in store.effective_settings().message
    assert sorted(store.effective_settings().settings["apps"]) == ["blog", "shop"]


def test_taking_settings_up_is_tried_again_when_its_process_is_killed(stage: Stage) -> None:
    stage.how["apply"] = die
    stage.until(lambda: stage.did("apply"))
    stage.until(lambda: len(stage.did("apply")) == 2, deadline=15)


def test_an_app_that_is_to_end_is_ended_though_the_worker_was_killed(
    stage: Stage, store: Store, settings: Settings
) -> None:
    number = store.enqueue(push("shop")).deploy
    stage.until(lambda: store.deploy(number).ended_at)
    stage.fresh = lambda _: settings.model_copy(update={"apps": {"blog": settings.apps["blog"]}})
    stage.how["remove_app"] = lambda store, task: store.record_app_removed(task.app)
    store.request_settings(["shop"])
    stage.until(lambda: stage.did("remove_app"))
    stage.until(lambda: not store.effective_settings().retire)
    assert store.app("shop").live is None


def test_settings_are_taken_up_between_deploys_and_none_begins_meanwhile(
    stage: Stage, store: Store, settings: Settings
) -> None:
    stage.until(lambda: stage.did("apply") and not stage.worker._children)
    stage.how["deploy"] = hang
    running = store.enqueue(push("shop")).deploy
    stage.until(lambda: stage.did("deploy"))
    request = store.request_settings()
    waiting = store.enqueue(push("blog")).deploy
    for _ in range(20):
        stage.worker.turn()
    assert store.effective_settings().loaded < request
    assert store.deploy(waiting).status is Status.QUEUED
    stage.how["deploy"] = go_live
    store.cancel(running)
    stage.until(lambda: store.effective_settings().loaded == request)
    stage.until(lambda: store.deploy(waiting).ended_at)


def test_a_branch_is_looked_at_when_settings_are_taken_up(stage: Stage, store: Store) -> None:
    stage.until(lambda: len(stage.did("poll")) == 2 and not stage.worker._children)
    store.request_settings()
    stage.until(lambda: len(stage.did("poll")) == 4)
