"""The worker's child processes: each does one task within its time."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from multiprocessing.context import ForkContext, ForkProcess

from hookserver.pipeline.reporting import Report
from hookserver.worker.tasks import Task, TaskKind

RETRY_AFTER = 5.0
"""Seconds after which a task may start again whose process failed, or could not be created."""
_KILLED_WITHIN = 5.0
ALL_APPS = ""
"""In place of an app's name: the task changes any of them."""


@dataclass(frozen=True)
class _Child:
    task: Task
    process: ForkProcess
    deadline: float
    changes_apps: bool


class Children:
    """The processes that run now, never two for the same task.

    ``perform(task)`` is called in the child; ``before_fork()`` in the worker, to close what no child may inherit.
    """

    def __init__(self, perform: Callable[[Task], None], before_fork: Callable[[], None], report: Report) -> None:
        self._perform = perform
        self._before_fork = before_fork
        self._report = report
        self._running: list[_Child] = []
        # Only a forked child is a copy of the worker, with everything imported; Python 3.14's default is forkserver:
        # https://docs.python.org/3/library/multiprocessing.html#contexts-and-start-methods
        self._context: ForkContext = multiprocessing.get_context("fork")
        self._postponed: dict[Task, float] = {}

    def __len__(self) -> int:
        return len(self._running)

    def start(self, task: Task, seconds: float, *, changes_apps: bool = True) -> bool:
        """Start a process that may run for ``seconds``; False when one runs for the task, or the task is postponed."""
        now = time.monotonic()
        if any(child.task == task for child in self._running) or self._postponed.get(task, 0.0) > now:
            return False
        self._before_fork()
        # daemon=True: Python ends the children with the worker instead of waiting for them.
        process = self._context.Process(target=self._perform, args=(task,), daemon=True)
        try:
            process.start()
        except OSError as error:
            self.postpone(task)
            self._report(f"{task} could not be started and will be retried: {error}")
            return False
        self._running.append(_Child(task, process, now + seconds, changes_apps))
        return True

    def postpone(self, task: Task) -> None:
        """Do not start the task for ``RETRY_AFTER`` seconds."""
        now = time.monotonic()
        self._postponed = {other: moment for other, moment in self._postponed.items() if moment > now}
        self._postponed[task] = now + RETRY_AFTER

    def postpone_nothing(self) -> None:
        """Let every task start again."""
        self._postponed.clear()

    def reap(self) -> list[tuple[Task, int]]:
        """The tasks whose processes have ended since the last call, each with its exit code."""
        ended = [child for child in self._running if not child.process.is_alive()]
        self._running = [child for child in self._running if child not in ended]
        codes = [(child.task, child.process.exitcode or 0) for child in ended]
        for child in ended:
            child.process.close()
        return codes

    def kill(self, task: Task) -> None:
        """Kill the process of the task; ``reap`` returns it like any other."""
        for child in self._running:
            if child.task == task:
                child.process.kill()
                child.process.join(_KILLED_WITHIN)

    def kill_all(self) -> None:
        """Kill all processes, and forget them."""
        for child in self._running:
            self.kill(child.task)
        self._running.clear()

    def overdue(self) -> list[Task]:
        """The tasks that have run longer than they may."""
        return [child.task for child in self._running if time.monotonic() > child.deadline]

    def count(self, *kinds: TaskKind) -> int:
        """How many tasks of these kinds run."""
        return sum(child.task.kind in kinds for child in self._running)

    def task_of(self, deploy: int) -> Task | None:
        """The task that runs for the deploy with this number."""
        return next((child.task for child in self._running if child.task.deploy == deploy), None)

    def busy_apps(self) -> frozenset[str]:
        """The apps that running tasks change; ``ALL_APPS`` is among them when a task changes any of them."""
        return frozenset(child.task.app for child in self._running if child.changes_apps)

    def is_busy(self, app: str) -> bool:
        """Whether a running task changes the app."""
        return not self.busy_apps().isdisjoint({app, ALL_APPS})

    def sentinels(self) -> list[int]:
        """Descriptors that become readable when a process ends."""
        return [child.process.sentinel for child in self._running]

    def moments(self) -> Collection[float]:
        """When a process is overdue, or a postponed task may start, by ``time.monotonic()``."""
        now = time.monotonic()
        postponed = [moment for moment in self._postponed.values() if moment > now]
        return [*postponed, *(child.deadline for child in self._running)]
