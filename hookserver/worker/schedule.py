"""When the worker's tasks are due. Moments are those of ``time.monotonic()``, unless a comment says otherwise."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from hookserver.config import Settings
from hookserver.errors import StoreError
from hookserver.store import Store
from hookserver.worker.children import ALL_APPS, RETRY_AFTER, Children
from hookserver.worker.poll_times import PollTimes
from hookserver.worker.tasks import Task, TaskKind

RECONCILE_EVERY = 60.0
READ_EVERY = 15.0
"""Seconds after which the database is read without a wake-up: a writer can die before it wakes the worker."""
_SHORTEST_WAIT = 0.05


class Schedule:
    """Decides what is due. Each method named in the table of tasks yields the tasks of one kind that are due now."""

    def __init__(
        self, settings: Settings, store: Store, children: Children, is_serving: Callable[[Settings], bool]
    ) -> None:
        self._store = store
        self._children = children
        self._is_serving = is_serving
        self.is_reconciled = False
        """Whether a reconcile has succeeded since the worker's start."""
        self._next_reconcile = 0.0
        self.use(settings)

    def use(self, settings: Settings) -> None:
        """Go by these settings: they have yet to be applied, and every branch is polled at once."""
        self._settings = settings
        self._is_applied = False
        self._poll_times = PollTimes(settings.apps)

    def deploys_to_recover(self) -> Iterator[Task]:
        """Deploys in progress whose process is gone."""
        for deploy in self._store.in_progress():
            if self._children.task_of(deploy.number) is None:
                yield Task(TaskKind.RECOVER, deploy.app, deploy.number)

    def reconcile(self) -> Iterator[Task]:
        """Every minute, and at once when Nginx is down; at the start, once every deploy is recovered.

        It spares the apps that other tasks change, whose slots it would find half done.
        """
        if self.is_reconciled:
            is_due = time.monotonic() >= self._next_reconcile or self.nginx_is_down()
        else:
            is_due = time.monotonic() >= self._next_reconcile and not self._children.count(TaskKind.RECOVER)
        if is_due:
            yield Task(TaskKind.RECONCILE, spared=self._children.busy_apps())

    def apply(self) -> Iterator[Task]:
        """Once for the settings in use."""
        if not self._is_applied:
            yield Task(TaskKind.APPLY)

    def apps_to_remove(self) -> Iterator[Task]:
        """Apps that were removed from the settings, and whose retirement was requested."""
        for app in self._store.effective_settings().retire:
            if app not in self._settings.apps:
                yield Task(TaskKind.REMOVE_APP, app)

    def standbys_to_retire(self) -> Iterator[Task]:
        """Standbys whose time has come, unless a deploy or a rollback may need them."""
        in_progress = {deploy.app for deploy in self._store.in_progress()}
        for release in self._store.standbys():
            is_due = release.due_at is not None and release.due_at <= time.time()  # Unix seconds
            if is_due and release.app not in in_progress and not self._store.rollback_is_queued(release.app):
                yield Task(TaskKind.RETIRE, release.app)

    def polls(self) -> Iterator[Task]:
        """Branches that are due to be read, the longest due first."""
        for app in self._poll_times.due(time.monotonic()):
            yield Task(TaskKind.POLL, app)

    def claimed_deploys(self) -> Iterator[Task]:
        """Queued deploys, each claimed as it is yielded, of apps that no other task changes."""
        builds = self._settings.server.builds
        while ALL_APPS not in (busy := self._children.busy_apps()):
            deploy = self._store.claim(builds, busy)
            if deploy is None:
                return
            yield Task(TaskKind.DEPLOY, deploy.app, deploy.number)

    def attempted(self, task: Task, *, has_started: bool) -> None:
        """Note that a task was to be started; ``has_started`` says whether its process runs now."""
        now = time.monotonic()
        if task.kind is TaskKind.RECONCILE and has_started:
            self._next_reconcile = now + RECONCILE_EVERY
        elif task.kind is TaskKind.RECONCILE:
            self._next_reconcile = max(self._next_reconcile, now + RETRY_AFTER)
        elif task.kind is TaskKind.APPLY:
            self._is_applied = has_started
        elif task.kind is TaskKind.POLL:
            self._poll_times.started(task.app, now)

    def ended(self, task: Task, *, has_failed: bool) -> None:
        """Note how a task's process ended."""
        if task.kind is TaskKind.RECONCILE and not has_failed:
            self.is_reconciled = True
        elif task.kind is TaskKind.RECONCILE and not self.is_reconciled:
            self._next_reconcile = time.monotonic() + RETRY_AFTER
        elif task.kind is TaskKind.APPLY and has_failed:
            self._is_applied = False
        elif task.kind is TaskKind.POLL:
            self._poll_times.ended(task.app, time.monotonic(), has_failed=has_failed)

    def nginx_is_down(self) -> bool:
        """Whether Nginx does not run; before the first reconcile that is no news."""
        return self.is_reconciled and not self._is_serving(self._settings)

    def seconds_until_due(self) -> float:
        """Seconds until the next task is due, ``READ_EVERY`` at most."""
        now = time.monotonic()
        due = [self._next_reconcile, *self._poll_times.moments(), *self._children.moments()]
        with suppress(StoreError):
            seconds = [release.due_at - time.time() for release in self._store.standbys() if release.due_at]
            due += [now + left for left in seconds if left > 0]
        return min(max(min(due) - now, _SHORTEST_WAIT), READ_EVERY)
