"""The worker: claims deploys, runs each in a child process, retires, polls and recovers.

Exactly one runs per state_dir (a file lock). It never calls Docker, git or Nginx itself: whatever may hang runs in a
forked child, which dies with the worker. What a killed child leaves half done is settled by another child.

The worker is the warm process that its children are copies of: it has one thread, has everything imported, and closes
its database before it forks. A server process beside it to fork from would cost 45 MB more.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import connection
from multiprocessing.context import ForkContext, ForkProcess
from types import FrameType
from typing import Literal

from hookserver.config import Settings, record
from hookserver.errors import SettingsError, StoreError
from hookserver.models import Deploy, Status
from hookserver.polls import Polls
from hookserver.presence import bell, only_worker, ring
from hookserver.store import Store

Kind = Literal["deploy", "settle", "retire", "poll", "reconcile", "take up", "end"]
Tell = Callable[[str], None]

TASK_DEADLINE = 180.0
"""Seconds for every task that is not a deploy."""
RECONCILE_EVERY = 60.0
RETRY_AFTER = 5.0
POLLS_AT_ONCE = 2
CLOCK_JUMP = 10.0
"""Seconds by which the wall clock may drift from the monotonic one between two looks."""
_STOP_DEADLINE = 20.0


@dataclass(frozen=True)
class Task:
    """What a child process does, for an app or a deploy of it; a comparison leaves the apps in ``spared`` alone."""

    kind: Kind
    app: str = ""
    deploy: int = 0
    spared: frozenset[str] = field(default=frozenset(), compare=False)


@dataclass
class _Child:
    task: Task
    process: ForkProcess
    deadline: float


class Worker:
    """The loop.

    ``perform(settings, task)`` is called in the child; ``is_serving(settings)`` tells, without ever hanging, whether
    Nginx runs; ``reread(settings)`` answers the settings that take the place of these, or raises SettingsError.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        perform: Callable[[Settings, Task], None],
        is_serving: Callable[[Settings], bool],
        reread: Callable[[Settings], Settings],
        tell: Tell,
    ) -> None:
        self._settings = settings
        self._store = store
        self._perform = perform
        self._tell = tell
        self._is_serving = is_serving
        self._reread = reread
        self._wish = -1
        self._follows_settings = False
        self._children: list[_Child] = []
        self._context: ForkContext = multiprocessing.get_context("fork")
        self._own: list[int] = []
        self._stopping = False
        self._not_before: dict[Task, float] = {}
        self._polls = Polls(settings.apps)
        self._next_reconcile = 0.0
        self._recovered = False
        self._clock_offset = time.time() - time.monotonic()

    def run(self) -> None:
        """Work until SIGTERM or SIGINT. Raises Refused when another worker has this state_dir."""
        state = self._settings.server.state
        with only_worker(state) as lock, bell(state) as rings:
            self._own = [lock, rings.fileno()]
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._stop)
            while not self._stopping:
                self.turn()
                self._wait(rings)
            self._shut_down()

    def turn(self) -> None:
        """One look at everything: what ended, what is to be cancelled, what is due. The database may be away."""
        self._reap()
        self._kill_the_overdue()
        try:
            self._follow_the_clock()
            self._settle_or_cancel()
            if not self._has_taken_settings():
                return
            self._reconcile()
            if self._recovered:
                self._take_up()
                self._retire()
                self._poll()
                self._claim()
        except StoreError as error:
            self._tell(str(error))

    def _has_taken_settings(self) -> bool:
        """At start, and when somebody asks for it, the file is read again; one with mistakes changes nothing.

        What runs is waited for, and nothing is begun meanwhile: no two processes go by different settings.
        """
        known = self._store.in_force()
        if known.asked == self._wish:
            return True
        if self._children:
            return False
        if self._wish >= 0:
            try:
                self._settings = self._reread(self._settings)
            except SettingsError as error:
                self._wish = known.asked
                self._tell(str(error))
                self._store.settings_done(known.asked, str(error))
                return True
        self._store.sync_apps(self._settings.apps)
        self._polls = Polls(self._settings.apps)
        self._store.take_settings(known.asked, record(self._settings, known.salt))
        self._wish, self._follows_settings = known.asked, False
        return True

    def _take_up(self) -> None:
        """What the settings ask for is done by a child; again if that one is killed.

        Never beside a comparison: both make what is pushed to.
        """
        if not self._follows_settings and not self._is_at("reconcile"):
            self._follows_settings = self._start(Task("take up"))
        for app in self._store.in_force().retire:
            self._start(Task("end", app))

    def _claim(self) -> None:
        """Nothing begins for an app while a child is at it, though its deploy may be over already."""
        while "" not in (busy := self._at_work()) and (deploy := self._store.claim(self._settings.server.builds, busy)):
            self._start(Task("deploy", deploy.app, deploy.number))

    def _at_work(self) -> frozenset[str]:
        """The apps at which children are that change something; "" when one may change any."""
        return frozenset(child.task.app for child in self._children if child.task.kind != "poll")

    def _is_at(self, kind: Kind) -> bool:
        return any(child.task.kind == kind for child in self._children)

    def _settle_or_cancel(self) -> None:
        """A deploy under way without its child is settled; one that is to be cancelled loses its child first."""
        for deploy in self._store.under_way():
            child = self._child_of(deploy)
            if child is None:
                self._start(Task("settle", deploy.app, deploy.number))
            elif child.task.kind == "deploy" and deploy.cancel_asked and deploy.status is Status.RUNNING:
                _kill(child)
                self._reap()
                if self._child_of(deploy) is None:
                    self._start(Task("settle", deploy.app, deploy.number))

    def _reconcile(self) -> None:
        """At start, once nothing is left to settle, and every few seconds after.

        It spares the apps that children are at, whose slots it would find half done; nothing begins beside it.
        """
        settled = not self._is_at("settle")
        due = time.monotonic() >= self._next_reconcile or (self._recovered and not self._is_serving(self._settings))
        if due and (self._recovered or settled) and not self._is_at("take up"):
            self._next_reconcile = time.monotonic() + (RECONCILE_EVERY if self._recovered else RETRY_AFTER)
            self._start(Task("reconcile", spared=self._at_work()))

    def _retire(self) -> None:
        """Not beside a comparison, which would find a slot half let go."""
        if self._is_at("reconcile"):
            return
        under_way = {deploy.app for deploy in self._store.under_way()}
        for release in self._store.standbys():
            due = release.due_at is not None and release.due_at <= time.time()
            if due and release.app not in under_way and not self._store.rollback_waits(release.app):
                self._start(Task("retire", release.app))

    def _poll(self) -> None:
        """Not beside what makes the repositories that are pushed to: several apps may look at one."""
        if self._is_at("take up"):
            return
        now = time.monotonic()
        polling = sum(child.task.kind == "poll" for child in self._children)
        for name in self._polls.due(now)[: POLLS_AT_ONCE - polling]:
            self._start(Task("poll", name))
            self._polls.begun(name, now)

    def _start(self, task: Task) -> bool:
        """Start a child for the task, unless one is at it, or one has just failed; tells whether it was started."""
        now = time.monotonic()
        if any(child.task == task for child in self._children) or self._not_before.get(task, 0.0) > now:
            return False
        self._store.close()
        process = self._context.Process(target=self._in_child, args=(task,), daemon=True)
        try:
            process.start()
        except OSError as error:
            self._not_before[task] = now + RETRY_AFTER
            self._tell(f"{task.kind} {task.app or 'all'} cannot be started, which is tried again: {error}")
            return False
        self._children.append(_Child(task, process, now + self._longest(task)))
        return True

    def _in_child(self, task: Task) -> None:
        """Let go of what is the worker's own, so that nothing of it outlives the worker; then do the task."""
        for descriptor in self._own:
            os.close(descriptor)
        self._perform(self._settings, task)

    def _longest(self, task: Task) -> float:
        """Seconds a task may take. A deploy's steps are bounded each; this is for what hangs all the same."""
        app = self._settings.apps.get(task.app)
        if task.kind == "retire" and app is not None:
            return TASK_DEADLINE + app.release.drain
        if task.kind != "deploy" or app is None:
            return TASK_DEADLINE
        own = app.build.timeout + app.release.prepare_timeout + app.health.deadline + app.release.drain
        return 10 * TASK_DEADLINE + own

    def _reap(self) -> None:
        for child in list(self._children):
            if child.process.is_alive():
                continue
            self._children.remove(child)
            self._learn(child.task, child.process.exitcode or 0)
            child.process.close()

    def _learn(self, task: Task, exit_code: int) -> None:
        """What the end of a child means for when its task is due again."""
        now = time.monotonic()
        self._not_before = {other: moment for other, moment in self._not_before.items() if moment > now}
        if exit_code:
            self._tell(f"{task.kind} {task.app or 'all'} ended with {exit_code}")
            if task.kind == "take up":
                self._follows_settings = False
        if task.kind == "poll":
            self._polls.ended(task.app, now, failed=exit_code != 0)
        if task.kind == "reconcile":
            self._recovered = self._recovered or not exit_code
        if task.kind == "reconcile" or (exit_code and task.kind != "deploy"):
            self._not_before[task] = now + RETRY_AFTER

    def _kill_the_overdue(self) -> None:
        for child in self._children:
            if time.monotonic() > child.deadline:
                self._tell(f"{child.task.kind} {child.task.app or 'all'} hung and is killed")
                _kill(child)

    def _follow_the_clock(self) -> None:
        """When the wall clock is set, what is due in ten minutes still is due in ten minutes."""
        offset = time.time() - time.monotonic()
        if abs(offset - self._clock_offset) > CLOCK_JUMP:
            self._store.shift_retirements(offset - self._clock_offset)
            self._tell(f"the clock jumped by {offset - self._clock_offset:.0f} s; retirements moved with it")
        self._clock_offset = offset

    def _wait(self, rings: socket.socket) -> None:
        """Until a push rings, a child ends, or something is due."""
        sentinels = [child.process.sentinel for child in self._children]
        connection.wait([rings, *sentinels], timeout=self._seconds_until_due())
        with suppress(BlockingIOError):
            while rings.recv(64):
                pass

    def _seconds_until_due(self) -> float:
        now = time.monotonic()
        due = [self._next_reconcile, *self._polls.moments(), *(child.deadline for child in self._children)]
        due += [moment for moment in self._not_before.values() if moment > now]
        with suppress(StoreError):
            times = [release.due_at - time.time() for release in self._store.standbys() if release.due_at]
            due += [now + seconds for seconds in times if seconds > 0]
        return min(max(min(due) - now, 0.05), RETRY_AFTER)

    def _child_of(self, deploy: Deploy) -> _Child | None:
        return next((child for child in self._children if child.task.deploy == deploy.number), None)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True
        ring(self._settings.server.state.wakeup_socket)

    def _shut_down(self) -> None:
        """Kill what runs and undo it, so that nothing builds on while nobody looks; the next start begins it again."""
        for child in self._children:
            _kill(child)
        self._children.clear()
        self._not_before.clear()
        deadline = time.monotonic() + _STOP_DEADLINE
        with suppress(StoreError):
            self._settle_or_cancel()
        while self._children and time.monotonic() < deadline:
            connection.wait([child.process.sentinel for child in self._children], timeout=1.0)
            self._reap()


def _kill(child: _Child) -> None:
    child.process.kill()
    child.process.join(5)
