"""The types of the worker's tasks: the kinds, one task, and a row of the table in ``task_table``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hookserver.config import AppSettings
    from hookserver.pipeline.context import Context
    from hookserver.pipeline.reporting import Report
    from hookserver.worker.schedule import Schedule


class TaskKind(StrEnum):
    """The kinds of task that a child process of the worker performs."""

    RECOVER = "recover"
    RECONCILE = "reconcile"
    APPLY = "apply"
    REMOVE_APP = "remove_app"
    RETIRE = "retire"
    POLL = "poll"
    DEPLOY = "deploy"


@dataclass(frozen=True)
class Task:
    """One task for an app, or for all of them where ``app`` is empty.

    ``deploy`` is the number of the deploy that it works on. A reconcile leaves the apps in ``spared`` alone.
    """

    kind: TaskKind
    app: str = ""
    deploy: int = 0
    spared: frozenset[str] = field(default=frozenset(), compare=False)

    def __str__(self) -> str:
        return f"{self.kind} {self.app or 'all'}"


class Needs(Enum):
    """The condition, since the worker's start, for starting a task of a kind."""

    NOTHING = auto()
    SETTINGS = auto()
    """The requested settings are loaded."""
    RECONCILED = auto()
    """They are, and the running containers were reconciled with the database once."""


class Pause(Enum):
    """When a task that has ended waits for some seconds before it may start again."""

    NEVER = auto()
    AFTER_FAILURE = auto()
    ALWAYS = auto()


@dataclass(frozen=True)
class TaskType:
    """One kind of task, and the rules for all tasks of it.

    ``due`` yields the tasks to start now, ``run`` does one in the child process, ``seconds`` is after how long it is
    killed; its app's settings are None when the settings no longer have the app.

    A task changes its app, or all apps when it has none, unless ``changes_apps`` is false. One that ``waits_for_app``
    starts only when no other task changes the app; none starts while one of a kind in ``not_beside`` runs.
    """

    needs: Needs
    due: Callable[[Schedule], Iterable[Task]]
    run: Callable[[Context, Task, Report], None]
    seconds: Callable[[AppSettings | None], float]
    not_beside: frozenset[TaskKind] = frozenset()
    waits_for_app: bool = False
    changes_apps: bool = True
    at_once: int | None = None
    pause: Pause = Pause.AFTER_FAILURE
