"""Asking for a deploy, and showing how it goes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from hookserver.config import Loaded
from hookserver.errors import DeployFailed
from hookserver.models import Push, Status

if TYPE_CHECKING:
    from hookserver.store import Store


def follow(loaded: Loaded, store: Store, number: int, err: bool) -> None:
    """Show a deploy's log until it is decided how it ends."""
    import threading

    from hookserver.views.log_follower import Follower, is_decided

    if store.deploy(number).status is Status.QUEUED:
        click.echo(f"-----> queued as deploy {number}", err=True)
        _tell_if_no_worker(loaded)
    follower = Follower(store, loaded.settings.server.state, threading.Event())
    for lines in follower.follow(number, is_decided):
        if lines.text:
            click.echo(lines.text, nl=False, err=err)


def ask(loaded: Loaded, store: Store, push: Push, detach: bool) -> None:
    """Queue it; unless detached, show its log until it ends, and end with its outcome."""
    from hookserver.views.log_follower import outcome

    number = store.enqueue(push).deploy
    if detach:
        _tell_if_no_worker(loaded)
        click.echo(number)
        return
    try:
        follow(loaded, store, number, err=True)
    except KeyboardInterrupt:
        click.echo(
            f"detached; deploy {number} goes on: `hookserver log {number} -f`, `hookserver cancel {number}`", err=True
        )
        sys.exit(130)
    ended = store.deploy(number)
    click.echo(outcome(ended))
    if ended.status is not Status.LIVE:
        raise DeployFailed(f"deploy {number} is {ended.status}; what served before still serves", "")


def _tell_if_no_worker(loaded: Loaded) -> None:
    from hookserver.state.worker_lock import worker_is_alive
    from hookserver.views.log_follower import NO_WORKER

    if not worker_is_alive(loaded.settings.server.state):
        click.echo(NO_WORKER, err=True)
