"""Reading the tip of an app's branch."""

from __future__ import annotations

from collections.abc import Callable

from hookserver.config import AppSettings
from hookserver.errors import EmptyRepository
from hookserver.models import Push, Trigger
from hookserver.pipeline.context import Context

_DEADLINE = 60.0
"""Seconds within which the remote must answer with its tip."""


def poll(context: Context, app: AppSettings, report: Callable[[str], None]) -> None:
    """Enqueue a deploy when the branch's tip is not the one last seen; a repository without a commit has none.

    Raises GitError when the remote cannot be read, StoreError.
    """
    try:
        tip = context.mirror(app, 0).tip(_DEADLINE)
    except EmptyRepository:
        return
    queued = context.store.enqueue_new_tip(Push(app.name, Trigger.POLL), tip)
    if queued:
        report(f"{app.name}: {app.branch} is at {tip[:12]}, not deployed yet: deploy {queued.deploy}")
