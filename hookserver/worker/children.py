"""The worker's child processes: each does one task within its time."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.context import ForkContext, ForkProcess
from typing import Literal

Kind = Literal["deploy", "settle", "retire", "poll", "reconcile", "take up", "end"]

RETRY_AFTER = 5.0
"""Seconds after which a task is tried again whose process failed, or could not be made."""


@dataclass(frozen=True)
class Task:
    """What a child process does, for an app or a deploy of it; a comparison leaves the apps in ``spared`` alone."""

    kind: Kind
    app: str = ""
    deploy: int = 0
    spared: frozenset[str] = field(default=frozenset(), compare=False)

    def __str__(self) -> str:
        return f"{self.kind} {self.app or 'all'}"


@dataclass(frozen=True)
class _Child:
    task: Task
    process: ForkProcess
    deadline: float


class Children:
    """Those that run now; never two at the same task.

    ``perform(task)`` is called in the child, ``before_fork()`` in the worker, to let go of what no child may have.
    """

    def __init__(
        self, perform: Callable[[Task], None], before_fork: Callable[[], None], report: Callable[[str], None]
    ) -> None:
        self._perform = perform
        self._before_fork = before_fork
        self._tell = report
        self._running: list[_Child] = []
        self._context: ForkContext = multiprocessing.get_context("fork")
        self._not_before: dict[Task, float] = {}

    def __len__(self) -> int:
        return len(self._running)

    def start(self, task: Task, seconds: float) -> bool:
        """Start a child that may take so long, unless one is at the task, or it is put off; tells whether it began."""
        now = time.monotonic()
        if any(child.task == task for child in self._running) or self._not_before.get(task, 0.0) > now:
            return False
        self._before_fork()
        process = self._context.Process(target=self._perform, args=(task,), daemon=True)
        try:
            process.start()
        except OSError as error:
            self.put_off(task)
            self._tell(f"{task} cannot be started, which is tried again: {error}")
            return False
        self._running.append(_Child(task, process, now + seconds))
        return True

    def put_off(self, task: Task) -> None:
        """For the next seconds the task is not started."""
        now = time.monotonic()
        self._not_before = {other: moment for other, moment in self._not_before.items() if moment > now}
        self._not_before[task] = now + RETRY_AFTER

    def put_nothing_off(self) -> None:
        """Any task may be started again."""
        self._not_before.clear()

    def reap(self) -> list[tuple[Task, int]]:
        """The tasks that have ended since the last look, each with its exit code."""
        ended = [child for child in self._running if not child.process.is_alive()]
        self._running = [child for child in self._running if child not in ended]
        learned = [(child.task, child.process.exitcode or 0) for child in ended]
        for child in ended:
            child.process.close()
        return learned

    def kill(self, task: Task) -> None:
        """End the one at this task, whatever it is doing; it is reaped as any other."""
        for child in self._running:
            if child.task == task:
                child.process.kill()
                child.process.join(5)

    def kill_all(self) -> None:
        """End them all, and forget them."""
        for child in self._running:
            self.kill(child.task)
        self._running.clear()

    def kill_the_overdue(self) -> None:
        """End what hangs, and tell of it."""
        for child in self._running:
            if time.monotonic() > child.deadline:
                self._tell(f"{child.task} hung and is killed")
                self.kill(child.task)

    def count(self, kind: Kind) -> int:
        """How many are at tasks of this kind."""
        return sum(child.task.kind == kind for child in self._running)

    def task_of(self, deploy: int) -> Task | None:
        """What a child does for the deploy with this number."""
        return next((child.task for child in self._running if child.task.deploy == deploy), None)

    def busy_apps(self) -> frozenset[str]:
        """The apps at which children are that change something; "" when one may change any."""
        return frozenset(child.task.app for child in self._running if child.task.kind != "poll")

    def sentinels(self) -> list[int]:
        """What becomes readable when a child ends."""
        return [child.process.sentinel for child in self._running]

    def moments(self) -> list[float]:
        """When, by the monotonic clock, one is overdue, or what was put off is due."""
        now = time.monotonic()
        put_off = [moment for moment in self._not_before.values() if moment > now]
        return [*put_off, *(child.deadline for child in self._running)]
