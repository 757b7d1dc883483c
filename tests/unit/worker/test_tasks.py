"""One task."""

from __future__ import annotations

from hookserver.worker.tasks import Task, TaskKind


def test_a_task_names_its_app_in_reports() -> None:
    assert str(Task(TaskKind.REMOVE_APP, "shop")) == "remove_app shop"
    assert str(Task(TaskKind.RECONCILE)) == "reconcile all"


def test_a_reconcile_is_the_same_task_whatever_it_spares() -> None:
    assert Task(TaskKind.RECONCILE, spared=frozenset({"shop"})) == Task(TaskKind.RECONCILE)
    assert Task(TaskKind.DEPLOY, "shop", 1) != Task(TaskKind.DEPLOY, "shop", 2)
