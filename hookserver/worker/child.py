"""Performs one task in a child process of the worker, with a database connection of its own."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable

from hookserver.config import Settings
from hookserver.errors import HookserverError
from hookserver.pipeline.context import Context
from hookserver.state.parent_death import end_with_parent
from hookserver.store import Store
from hookserver.worker.task_table import TASKS
from hookserver.worker.tasks import Task


def run_task(make_context: Callable[[Settings, Store], Context], store: Store, settings: Settings, task: Task) -> None:
    """Do the task; the process dies with the worker. Exits with 1, and has logged why, when the task failed.

    ``store`` is the worker's, which closed it before the fork: the child opens a connection of its own.
    """
    become_child()
    log = logging.getLogger(task.kind)
    try:
        TASKS[task.kind].run(make_context(settings, store), task, log.info)
    except HookserverError as error:
        log.info(str(error))
        sys.exit(1)
    except Exception:
        log.exception("%s: internal error: report it", task.app or "all")
        sys.exit(1)
    finally:
        store.close()


def become_child() -> None:
    """Die with the worker, at once on SIGTERM, and in a session of our own."""
    parent = multiprocessing.parent_process()
    end_with_parent(parent.pid if parent and parent.pid else os.getppid(), signal.SIGKILL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # A terminal sends Ctrl-C to its whole foreground process group (termios(3), ISIG): it is for the worker alone.
    os.setsid()
