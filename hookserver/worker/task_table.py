"""The table of the worker's tasks. The worker starts due tasks from the first row to the last."""

from __future__ import annotations

import time
from collections.abc import Mapping

from hookserver.config import AppSettings
from hookserver.pipeline import apply_settings, recovery
from hookserver.pipeline import deploy as pipeline
from hookserver.pipeline.context import Context
from hookserver.pipeline.push_repositories import prepare_push_repositories
from hookserver.pipeline.reporting import Report
from hookserver.worker.poll import poll
from hookserver.worker.schedule import Schedule
from hookserver.worker.tasks import Needs, Pause, Task, TaskKind, TaskType

TASK_SECONDS = 180.0
"""Seconds after which a task other than a deploy is killed, in addition to the times in its app's settings."""


def _recover(context: Context, task: Task, report: Report) -> None:
    recovery.recover(context, context.store.deploy(task.deploy), report)


def _reconcile(context: Context, task: Task, report: Report) -> None:
    prepare_push_repositories(context, report)
    recovery.reconcile(context, report, task.spared)


def _apply(context: Context, _task: Task, report: Report) -> None:
    prepare_push_repositories(context, report)
    apply_settings.apply_settings(context, report)


def _remove_app(context: Context, task: Task, report: Report) -> None:
    apply_settings.remove_app(context, task.app, report)


def _retire(context: Context, task: Task, report: Report) -> None:
    recovery.retire_due(context, task.app, time.time(), report)


def _poll(context: Context, task: Task, report: Report) -> None:
    poll(context, context.app_settings(task.app), report)


def _deploy(context: Context, task: Task, report: Report) -> None:
    deploy = context.store.deploy(task.deploy)
    pipeline.perform(context, deploy, pipeline.open_log(context, deploy))
    report(pipeline.describe_end(context, task.deploy))


def _fixed(_app: AppSettings | None) -> float:
    return TASK_SECONDS


def _with_drain(app: AppSettings | None) -> float:
    return TASK_SECONDS + (app.release.drain if app else 0.0)


def _of_deploy(app: AppSettings | None) -> float:
    """Each step of a deploy has its own limit; this one ends what hangs all the same."""
    if app is None:
        return TASK_SECONDS
    own = app.build.timeout + app.release.prepare_timeout + app.health.deadline + app.release.drain
    return 10 * TASK_SECONDS + own


TASKS: Mapping[TaskKind, TaskType] = {
    TaskKind.RECOVER: TaskType(
        needs=Needs.NOTHING,
        due=Schedule.deploys_to_recover,
        run=_recover,
        seconds=_fixed,
    ),
    TaskKind.RECONCILE: TaskType(
        needs=Needs.SETTINGS,
        due=Schedule.reconcile,
        run=_reconcile,
        seconds=_fixed,
        not_beside=frozenset({TaskKind.APPLY}),  # both prepare the repositories that are pushed to
        pause=Pause.ALWAYS,
    ),
    TaskKind.APPLY: TaskType(
        needs=Needs.RECONCILED,
        due=Schedule.apply,
        run=_apply,
        seconds=_fixed,
        not_beside=frozenset({TaskKind.RECONCILE}),
    ),
    TaskKind.REMOVE_APP: TaskType(
        needs=Needs.RECONCILED,
        due=Schedule.apps_to_remove,
        run=_remove_app,
        seconds=_fixed,
        waits_for_app=True,
    ),
    TaskKind.RETIRE: TaskType(
        needs=Needs.RECONCILED,
        due=Schedule.standbys_to_retire,
        run=_retire,
        seconds=_with_drain,
        waits_for_app=True,
    ),
    TaskKind.POLL: TaskType(
        needs=Needs.RECONCILED,
        due=Schedule.polls,
        run=_poll,
        seconds=_fixed,
        not_beside=frozenset({TaskKind.APPLY}),  # several apps may poll one repository that it prepares
        changes_apps=False,
        at_once=2,
    ),
    TaskKind.DEPLOY: TaskType(
        needs=Needs.RECONCILED,
        due=Schedule.claimed_deploys,
        run=_deploy,
        seconds=_of_deploy,
        waits_for_app=True,
        pause=Pause.NEVER,
    ),
}
