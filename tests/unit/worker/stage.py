"""A worker whose child processes do what the test says."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from hookserver.config import Settings
from hookserver.models import Push, Release, Slot, Status, Trigger
from hookserver.state.wait_until import wait_until
from hookserver.store import Store
from hookserver.worker.loop import Worker
from hookserver.worker.tasks import Task


class Stage:
    """A worker, what its children do by kind of task, and a diary of what they did."""

    def __init__(self, settings: Settings, store: Store, diary: Path) -> None:
        self.settings = settings
        self.store = store
        self.diary = diary
        self.diary.touch()
        self.reports: list[str] = []
        self.is_serving = True
        self.does: dict[str, Callable[[Store, Task], None]] = {"deploy": go_live, "recover": requeue}
        self.reread: Callable[[Settings], Settings] = lambda settings: settings
        self.worker = Worker(
            settings, store, self.perform, lambda _: self.is_serving, lambda now: self.reread(now), self.reports.append
        )

    def perform(self, _settings: Settings, task: Task) -> None:
        with self.diary.open("a") as diary:
            diary.write(f"{task.kind} {task.app} {task.deploy} {os.getpid()}\n")
        store = Store(self.settings.server.state)
        self.does.get(task.kind, do_nothing)(store, task)
        store.close()

    def did(self, kind: str) -> list[list[str]]:
        lines = [line.rsplit(" ", 3) for line in self.diary.read_text().splitlines()]
        return [line for line in lines if line[0] == kind]

    def kinds(self) -> list[str]:
        """The kinds of the tasks that ran, in order."""
        return [line.split()[0] for line in self.diary.read_text().splitlines()]

    def turn_often(self) -> None:
        for _ in range(20):
            self.worker.turn()
            time.sleep(0.01)

    def until(self, condition: Callable[[], object], deadline: float = 10.0) -> None:
        """Turn the worker until ``condition`` is true. An AssertionError after ``deadline`` seconds."""

        def is_true_or_turned() -> bool:
            if condition():
                return True
            self.worker.turn()
            return False

        assert wait_until(is_true_or_turned, deadline, pause=0.01), (self.diary.read_text(), self.reports)


def go_live(store: Store, task: Task) -> None:
    store.add_release(Release(task.deploy, task.app, "c" * 40, "sha256:1", Slot.BLUE, 2))
    store.go_live(task.deploy, task.deploy, standby=0)
    store.end(task.deploy, Status.LIVE)


def retire(store: Store, task: Task) -> None:
    for release in store.standbys():
        if release.app == task.app:
            store.record_retired(release.deploy)


def do_nothing(_store: Store, _task: Task) -> None:
    pass


def hang(_store: Store, _task: Task) -> None:
    time.sleep(60)


def die(_store: Store, _task: Task) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def requeue(store: Store, task: Task) -> None:
    store.requeue(task.deploy)


def push(app: str = "shop") -> Push:
    return Push(app, Trigger.WEBHOOK)
