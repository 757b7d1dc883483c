"""Requests a deploy and follows its log."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from hookserver.config import Loaded
from hookserver.errors import DeployFailed
from hookserver.models import Deploy, Push, Status

if TYPE_CHECKING:
    from hookserver.store import Store


def follow(loaded: Loaded, store: Store, number: int, err: bool) -> None:
    """Print a deploy's log, to stderr if ``err``, until it is live or over. Raises NotFound for an unknown deploy."""
    import threading

    from hookserver.views.log_follower import Follower, is_decided

    if store.deploy(number).status is Status.QUEUED:
        click.echo(f"-----> queued as deploy {number}", err=True)
        _warn_without_worker(loaded)
    follower = Follower(store, loaded.settings.server.state, threading.Event())
    for lines in follower.follow(number, is_decided):
        if lines.text:
            click.echo(lines.text, nl=False, err=err)


def follow_to_end(loaded: Loaded, store: Store, number: int) -> Deploy:
    """Print on stderr the log of a deploy, or of the one that supersedes it, until it is over; that deploy."""
    follow(loaded, store, number, err=True)
    while (ended := store.deploy(number)).superseded_by:
        number = ended.superseded_by
        follow(loaded, store, number, err=True)
    return ended


def request_deploy(loaded: Loaded, store: Store, push: Push, detach: bool) -> None:
    """Queue ``push``, follow its log on stderr and print its outcome; if ``detach``, print only its number.

    Raises DeployFailed when it does not go live, NotFound for an unknown app. Ctrl+C leaves it running: exit code 130.
    """
    from hookserver.views.log_follower import outcome

    number = store.enqueue(push).deploy
    if detach:
        _warn_without_worker(loaded)
        click.echo(number)
        return
    try:
        follow(loaded, store, number, err=True)
    except KeyboardInterrupt:
        click.echo(
            f"detached; deploy {number} continues: `hookserver log {number} -f`, `hookserver cancel {number}`", err=True
        )
        sys.exit(130)
    ended = store.deploy(number)
    click.echo(outcome(ended))
    if ended.status is not Status.LIVE:
        raise DeployFailed(
            f"deploy {number} is {ended.status}; the previous release is still live",
            f"To see why, run `hookserver log {number}`.",
        )


def _warn_without_worker(loaded: Loaded) -> None:
    from hookserver.state.worker_lock import worker_is_alive
    from hookserver.views.log_follower import NO_WORKER

    if not worker_is_alive(loaded.settings.server.state):
        click.echo(NO_WORKER, err=True)
