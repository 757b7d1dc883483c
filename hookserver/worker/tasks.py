"""The tasks of the worker, each done in a child process of its own."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from hookserver.config import AppSettings, Settings
from hookserver.errors import EmptyRepository, HookserverError
from hookserver.models import Push, Trigger
from hookserver.state.atomic_write import OWNER_ONLY, write_atomically
from hookserver.state.parent_death import end_with_parent
from hookserver.store import Store
from hookserver.worker.children import Task

if TYPE_CHECKING:
    from hookserver.pipeline.context import Context

_POLL_DEADLINE = 60.0
"""Seconds for a look at the remote's tip."""


def perform(make_context: Callable[[Settings, Store], Context], settings: Settings, task: Task) -> None:
    """Do one task, in a child process of the worker that dies with it.

    Ends with 1, and has told why, when it is to be tried again.
    """
    _die_with_parent()
    store = Store(settings.server.state)
    try:
        _perform(make_context(settings, store), task)
    except HookserverError as error:
        reporter(task.kind)(str(error))
        sys.exit(1)
    except Exception:
        logging.getLogger(task.kind).exception("%s: this was not expected: report it", task.app or "all")
        sys.exit(1)
    finally:
        store.close()


def _perform(context: Context, task: Task) -> None:
    from hookserver.pipeline import apply_settings, recovery
    from hookserver.pipeline import deploy as pipeline

    report = reporter(task.kind)
    if task.kind == "deploy":
        deploy = context.store.deploy(task.deploy)
        log = pipeline.open_log(context, deploy)
        pipeline.perform(context, deploy, log)
        report(pipeline.ending(context, task.deploy))
    elif task.kind == "settle":
        recovery.settle(context, context.store.deploy(task.deploy), report)
    elif task.kind == "retire":
        recovery.retire_due(context, task.app, time.time(), report)
    elif task.kind == "poll":
        _poll(context, context.app_settings(task.app), report)
    elif task.kind == "take up":
        _prepare_push_repositories(context.settings, context.store, report)
        apply_settings.take_up(context, report)
    elif task.kind == "end":
        apply_settings.end_app(context, task.app, report)
    else:
        _prepare_push_repositories(context.settings, context.store, report)
        recovery.reconcile(context, report, task.spared)


def _poll(context: Context, app: AppSettings, report: Callable[[str], None]) -> None:
    """Ask for a deploy when the branch's tip is another than the last one seen. A new app waits for its first push."""
    try:
        tip = context.mirror(app, 0).tip(_POLL_DEADLINE)
    except EmptyRepository:
        return
    queued = context.store.enqueue_new_tip(Push(app.name, Trigger.POLL), tip)
    if queued:
        report(f"{app.name}: {app.branch} is at {tip[:12]}, not deployed yet: deploy {queued.deploy}")


def _prepare_push_repositories(settings: Settings, store: Store, report: Callable[[str], None]) -> None:
    """Make the bare repositories that are pushed to. What one app's cannot be used for is told; the others are made."""
    from hookserver.pipeline.recovery import told

    known = {token.name for token in store.tokens()}
    for app in settings.apps.values():
        if app.repository == "push":
            with told(f"{app.name}: nobody can push to it now", report):
                _prepare_push_repository(settings, store, app, has_token=f"push:{app.name}" in known)


def _prepare_push_repository(settings: Settings, store: Store, app: AppSettings, *, has_token: bool) -> None:
    """With its hook, and a token of its own."""
    from hookserver.git import ensure_push_repository

    state = settings.server.state
    token = state.push_token(app.name)
    if not has_token or not token.exists():
        token.parent.mkdir(parents=True, exist_ok=True)
        secret = store.create_token(f"push:{app.name}", app.name)
        write_atomically(token, f"{secret}\n", mode=OWNER_ONLY)
    hook = shipped("hooks/post-receive").read_text(encoding="utf-8")
    ensure_push_repository(
        state.push_repository(app.name), app.branch, app.name, settings.server.local_url, token, hook
    )


def shipped(name: str) -> Path:
    """A file that comes with the program: beside the package in a checkout, inside it when installed from a wheel."""
    package = Path(__file__).parents[1]
    inside = package / name
    return inside if inside.exists() else package.parent / name


def reporter(process: str) -> Callable[[str], None]:
    """Where a process tells what it does: on stderr, with the time."""
    return logging.getLogger(process).info


def _die_with_parent() -> None:
    """The kernel kills this process when the worker ends; a terminal's Ctrl-C is the worker's affair."""
    parent = multiprocessing.parent_process()
    end_with_parent(parent.pid if parent and parent.pid else os.getppid(), signal.SIGKILL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.setsid()
