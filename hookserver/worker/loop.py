"""The worker's loop: starts a child process for each task that is due, and learns how it ended.

Exactly one worker runs per state_dir (a file lock). It never calls Docker, git or Nginx itself: whatever may hang runs
in a child process, which dies with the worker. Unfinished work of a killed child is recovered by another child.

The worker is the warm process that its children are copies of: it has one thread, has everything imported, and closes
its database before it forks. A server process to fork from would cost 45 MB more.
"""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from multiprocessing import connection
from types import FrameType

from hookserver.config import Settings, record
from hookserver.errors import SettingsError, StoreError
from hookserver.models import Status
from hookserver.pipeline.reporting import Report
from hookserver.state import journal_mount
from hookserver.state.request_journal import deactivate_all
from hookserver.state.worker_lock import only_worker, wake_worker, wakeups
from hookserver.store import Store
from hookserver.worker.children import Children
from hookserver.worker.schedule import Schedule
from hookserver.worker.task_table import TASKS
from hookserver.worker.tasks import Needs, Pause, Task, TaskKind

CHECK_NGINX_EVERY = 5.0
CLOCK_JUMP = 10.0
"""Seconds by which the wall clock may drift from the monotonic one between two turns."""
_STOP_DEADLINE = 20.0
"""Seconds for undoing the running tasks at a stop; less than the supervisor gives the whole worker."""


class Worker:
    """The loop.

    ``perform(settings, task)`` is called in the child; ``is_serving(settings)`` says, without ever hanging, whether
    Nginx runs; ``reread(settings)`` returns the settings that replace these, or raises SettingsError.
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
        self._reread = reread
        self._report = report
        self._children = Children(self._in_child, store.close, report)
        self._schedule = Schedule(settings, store, self._children, is_serving)
        self._loaded_request: int | None = None
        self._own_descriptors: list[int] = []
        self._is_stopping = False
        self._clock_offset = time.time() - time.monotonic()

    def run(self) -> None:
        """Work until SIGTERM or SIGINT. Raises Refused when another worker runs for this state_dir."""
        state = self._settings.server.state
        with only_worker(state) as lock, wakeups(state) as wakeup:
            self._own_descriptors = [lock, wakeup.fileno()]
            if reason := journal_mount.mount(state):
                self._report(f"the request journal is off: {reason}")
            deactivate_all(state)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self._stop)
            while not self._is_stopping:
                self.turn()
                self._wait(wakeup)
            self._shut_down()

    def turn(self) -> None:
        """Reap ended tasks, kill cancelled and overdue ones, start due ones. A busy database is reported."""
        self._reap()
        try:
            self._kill_overdue()
            self._follow_clock()
            self._kill_cancelled()
            self._start_due(Needs.NOTHING)
            if self._settings_are_loaded():
                self._start_due(Needs.SETTINGS)
                if self._schedule.is_reconciled:
                    self._start_due(Needs.RECONCILED)
        except StoreError as error:
            self._report(str(error))

    def _settings_are_loaded(self) -> bool:
        """Read the settings file at the start, and once for every request; a file with mistakes changes nothing.

        Running tasks are waited for, and none starts meanwhile: no two processes use different settings.
        """
        effective = self._store.effective_settings()
        if effective.requested == self._loaded_request:
            return True
        if self._children:
            return False
        if self._loaded_request is not None:
            try:
                self._settings = self._reread(self._settings)
            except SettingsError as error:
                self._report(str(error))
                self._store.record_settings_applied(effective.requested, str(error))
                self._loaded_request = effective.requested
                return True
        self._store.sync_apps(self._settings.apps)
        self._store.set_effective_settings(effective.requested, record(self._settings, effective.salt))
        self._schedule.use(self._settings)
        self._loaded_request = effective.requested
        return True

    def _start_due(self, needs: Needs) -> None:
        """Start the due tasks of the kinds with this condition, within the limits of the table of tasks."""
        for kind, its in TASKS.items():
            if its.needs is not needs or self._children.count(*its.not_beside):
                continue
            room = None if its.at_once is None else its.at_once - self._children.count(kind)
            for task in islice(its.due(self._schedule), room):
                if not (its.waits_for_app and self._children.is_busy(task.app)):
                    self._start(task)

    def _start(self, task: Task) -> None:
        its = TASKS[task.kind]
        seconds = its.seconds(self._settings.apps.get(task.app))
        has_started = self._children.start(task, seconds, changes_apps=its.changes_apps)
        self._schedule.attempted(task, has_started=has_started)

    def _in_child(self, task: Task) -> None:
        """Close the worker's own descriptors, which must not outlive the worker; then perform the task."""
        for descriptor in self._own_descriptors:
            os.close(descriptor)  # flock(2): a child that keeps the lock's descriptor keeps the lock
        self._perform(self._settings, task)

    def _kill_overdue(self) -> None:
        """Kill the tasks that run for too long. Such a deploy is not tried again: it would hang again."""
        for task in self._children.overdue():
            if task.kind is TaskKind.DEPLOY:
                self._store.do_not_repeat(task.deploy, "it did not end in time, and was stopped")
            self._report(f"{task} did not end in time and is killed")
            self._children.kill(task)

    def _kill_cancelled(self) -> None:
        """Kill the processes of cancelled deploys; such a deploy is then recovered."""
        for deploy in self._store.in_progress():
            task = self._children.task_of(deploy.number)
            is_running = deploy.status is Status.RUNNING and task is not None and task.kind is TaskKind.DEPLOY
            if deploy.cancel_requested and is_running and task:
                self._children.kill(task)
                self._reap()

    def _reap(self) -> None:
        for task, exit_code in self._children.reap():
            pause = TASKS[task.kind].pause
            if exit_code:
                self._report(f"{task} ended with {exit_code}")
            if pause is Pause.ALWAYS or (pause is Pause.AFTER_FAILURE and exit_code):
                self._children.postpone(task)
            self._schedule.ended(task, has_failed=exit_code != 0)

    def _follow_clock(self) -> None:
        """Move retirements along when the wall clock is set: they stay due in the same number of seconds."""
        offset = time.time() - time.monotonic()
        if abs(offset - self._clock_offset) > CLOCK_JUMP:
            self._store.shift_retirements(offset - self._clock_offset)
            self._report(f"the clock jumped by {offset - self._clock_offset:.0f} s; retirements moved with it")
        self._clock_offset = offset

    def _wait(self, wakeup: socket.socket) -> None:
        """Wait for a wake-up, the end of a child, a due task, or a stopped Nginx."""
        ends = time.monotonic() + self._schedule.seconds_until_due()
        while (left := ends - time.monotonic()) > 0:
            if connection.wait([wakeup, *self._children.sentinels()], timeout=min(left, CHECK_NGINX_EVERY)):
                break
            if self._schedule.nginx_is_down():
                break
        with suppress(BlockingIOError):
            while wakeup.recv(64):
                pass

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._is_stopping = True
        wake_worker(self._settings.server.state.wakeup_socket)

    def _shut_down(self) -> None:
        """Kill the running tasks and undo them: none may run without the worker. Its next start repeats them."""
        self._children.kill_all()
        self._children.postpone_nothing()
        deadline = time.monotonic() + _STOP_DEADLINE
        with suppress(StoreError):
            self._start_due(Needs.NOTHING)
        while self._children and time.monotonic() < deadline:
            connection.wait(self._children.sentinels(), timeout=1.0)
            self._reap()
