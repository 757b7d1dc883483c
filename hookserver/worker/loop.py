"""The worker: claims deploys, runs each in a child process, retires, polls and recovers.

Exactly one runs per state_dir (a file lock). It never calls Docker, git or Nginx itself: whatever may hang runs in a
forked child, which dies with the worker. What a killed child leaves half done is settled by another child.

The worker is the warm process that its children are copies of: it has one thread, has everything imported, and closes
its database before it forks. A server process beside it to fork from would cost 45 MB more.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import connection
from types import FrameType

from hookserver.config import Settings, record
from hookserver.errors import SettingsError, StoreError
from hookserver.models import Status
from hookserver.state.request_journal import take_signs_away
from hookserver.state.worker_lock import only_worker, wake_worker, wakeups
from hookserver.store import Store
from hookserver.worker.children import RETRY_AFTER, Children, Task
from hookserver.worker.poll_times import Polls

Report = Callable[[str], None]

TASK_DEADLINE = 180.0
"""Seconds for every task that is not a deploy."""
RECONCILE_EVERY = 60.0
LOOK_EVERY = 15.0
"""Seconds after which everything is looked at though nothing rang: whoever wrote may have died before it rang."""
LOOK_AT_NGINX_EVERY = 5.0
POLLS_AT_ONCE = 2
CLOCK_JUMP = 10.0
"""Seconds by which the wall clock may drift from the monotonic one between two looks."""
_STOP_DEADLINE = 20.0


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
        report: Report,
    ) -> None:
        self._settings = settings
        self._store = store
        self._perform = perform
        self._tell = report
        self._is_serving = is_serving
        self._reread = reread
        self._request = -1
        self._follows_settings = False
        self._children = Children(self._in_child, store.close, report)
        self._own: list[int] = []
        self._stopping = False
        self._polls = Polls(settings.apps)
        self._next_reconcile = 0.0
        self._recovered = False
        self._clock_offset = time.time() - time.monotonic()

    def run(self) -> None:
        """Work until SIGTERM or SIGINT. Raises Refused when another worker has this state_dir."""
        state = self._settings.server.state
        with only_worker(state) as lock, wakeups(state) as wakeup:
            self._own = [lock, wakeup.fileno()]
            take_signs_away(state)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._stop)
            while not self._stopping:
                self.turn()
                self._wait(wakeup)
            self._shut_down()

    def turn(self) -> None:
        """One look at everything: what ended, what is to be cancelled, what is due. The database may be away."""
        self._reap()
        self._children.kill_the_overdue()
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
        known = self._store.effective_settings()
        if known.requested == self._request:
            return True
        if self._children:
            return False
        if self._request >= 0:
            try:
                self._settings = self._reread(self._settings)
            except SettingsError as error:
                self._request = known.requested
                self._tell(str(error))
                self._store.settings_applied(known.requested, str(error))
                return True
        self._store.sync_apps(self._settings.apps)
        self._polls = Polls(self._settings.apps)
        self._store.set_effective_settings(known.requested, record(self._settings, known.salt))
        self._request, self._follows_settings = known.requested, False
        return True

    def _take_up(self) -> None:
        """What the settings ask for is done by a child; again if that one is killed.

        Never beside a comparison: both make what is pushed to.
        """
        if not self._follows_settings and not self._children.count("reconcile"):
            self._follows_settings = self._start(Task("take up"))
        for app in self._store.effective_settings().retire:
            self._start(Task("end", app))

    def _claim(self) -> None:
        """Nothing begins for an app while a child is at it, though its deploy may be over already."""
        builds = self._settings.server.builds
        while "" not in (busy := self._children.busy_apps()) and (deploy := self._store.claim(builds, busy)):
            self._start(Task("deploy", deploy.app, deploy.number))

    def _settle_or_cancel(self) -> None:
        """A deploy under way without its child is settled; one that is to be cancelled loses its child first."""
        for deploy in self._store.in_progress():
            task = self._children.task_of(deploy.number)
            if task and task.kind == "deploy" and deploy.cancel_requested and deploy.status is Status.RUNNING:
                self._children.kill(task)
                self._reap()
                task = self._children.task_of(deploy.number)
            if task is None:
                self._start(Task("settle", deploy.app, deploy.number))

    def _reconcile(self) -> None:
        """At start, once nothing is left to settle, and every few seconds after.

        It spares the apps that children are at, whose slots it would find half done; nothing begins beside it.
        """
        settled = not self._children.count("settle")
        due = time.monotonic() >= self._next_reconcile or (self._recovered and not self._is_serving(self._settings))
        if due and (self._recovered or settled) and not self._children.count("take up"):
            self._next_reconcile = time.monotonic() + (RECONCILE_EVERY if self._recovered else RETRY_AFTER)
            self._start(Task("reconcile", spared=self._children.busy_apps()))

    def _retire(self) -> None:
        """Not beside a comparison, which would find a slot half let go."""
        if self._children.count("reconcile"):
            return
        in_progress = {deploy.app for deploy in self._store.in_progress()}
        for release in self._store.standbys():
            due = release.due_at is not None and release.due_at <= time.time()
            if due and release.app not in in_progress and not self._store.rollback_is_queued(release.app):
                self._start(Task("retire", release.app))

    def _poll(self) -> None:
        """Not beside what makes the repositories that are pushed to: several apps may look at one."""
        if self._children.count("take up"):
            return
        now = time.monotonic()
        for name in self._polls.due(now)[: POLLS_AT_ONCE - self._children.count("poll")]:
            self._start(Task("poll", name))
            self._polls.begun(name, now)

    def _start(self, task: Task) -> bool:
        return self._children.start(task, self._longest(task))

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
        for task, exit_code in self._children.reap():
            self._learn(task, exit_code)

    def _learn(self, task: Task, exit_code: int) -> None:
        """What the end of a child means for when its task is due again."""
        if exit_code:
            self._tell(f"{task} ended with {exit_code}")
            if task.kind == "take up":
                self._follows_settings = False
        if task.kind == "poll":
            self._polls.ended(task.app, time.monotonic(), failed=exit_code != 0)
        if task.kind == "reconcile":
            self._recovered = self._recovered or not exit_code
        if task.kind == "reconcile" or (exit_code and task.kind != "deploy"):
            self._children.put_off(task)

    def _follow_the_clock(self) -> None:
        """When the wall clock is set, what is due in ten minutes still is due in ten minutes."""
        offset = time.time() - time.monotonic()
        if abs(offset - self._clock_offset) > CLOCK_JUMP:
            self._store.shift_retirements(offset - self._clock_offset)
            self._tell(f"the clock jumped by {offset - self._clock_offset:.0f} s; retirements moved with it")
        self._clock_offset = offset

    def _wait(self, wakeup: socket.socket) -> None:
        """Until a push rings, a child ends, something is due, or Nginx is gone."""
        ends = time.monotonic() + self._seconds_until_due()
        while (left := ends - time.monotonic()) > 0:
            if connection.wait([wakeup, *self._children.sentinels()], timeout=min(left, LOOK_AT_NGINX_EVERY)):
                break
            if self._recovered and not self._is_serving(self._settings):
                break
        with suppress(BlockingIOError):
            while wakeup.recv(64):
                pass

    def _seconds_until_due(self) -> float:
        now = time.monotonic()
        due = [self._next_reconcile, *self._polls.moments(), *self._children.moments()]
        with suppress(StoreError):
            times = [release.due_at - time.time() for release in self._store.standbys() if release.due_at]
            due += [now + seconds for seconds in times if seconds > 0]
        return min(max(min(due) - now, 0.05), LOOK_EVERY)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True
        wake_worker(self._settings.server.state.wakeup_socket)

    def _shut_down(self) -> None:
        """Kill what runs and undo it, so that nothing builds on while nobody looks; the next start begins it again."""
        self._children.kill_all()
        self._children.put_nothing_off()
        deadline = time.monotonic() + _STOP_DEADLINE
        with suppress(StoreError):
            self._settle_or_cancel()
        while self._children and time.monotonic() < deadline:
            connection.wait(self._children.sentinels(), timeout=1.0)
            self._reap()
