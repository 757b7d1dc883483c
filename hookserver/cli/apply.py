"""``hookserver apply``: changed settings are taken up by the running hookserver, after a plan of what that does."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

import click

from hookserver.cli.context import json_option, with_store
from hookserver.cli.watching import follow
from hookserver.config import Loaded
from hookserver.errors import DeployFailed, HookserverError, Refused
from hookserver.models import Status
from hookserver.state.wait_until import wait_until

if TYPE_CHECKING:
    from hookserver.changes.plan import Plan, Replacement
    from hookserver.store import Store

_TAKEN_WITHIN = 120.0
_ENDED_WITHIN = 180.0
"""Seconds: in which a worker that deploys nothing reads the file, and brings an app that is gone to its end."""


@click.command()
@click.option("--yes", is_flag=True, help="Ask nothing, and retire the apps that are gone from the settings.")
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@json_option
@with_store
def apply(loaded: Loaded, store: Store, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Let the running hookserver take up changed settings: shows what that will do, asks, does it."""
    from hookserver.changes.plan import make_plan
    from hookserver.cli.init_project import on_terminal

    locks = {app.name: f"{app.lock.by}: {app.lock.reason}" for app in store.apps() if app.lock}
    plan = make_plan(loaded.settings, store.live_releases(), store.effective_settings(), locks)
    click.echo(json.dumps(plan.document(yes), indent=2) if as_json else "\n".join(plan.lines(yes)))
    if dry_run or plan.is_empty(retires=yes):
        return
    _refuse_without_worker(loaded)
    _refuse_while_busy(store, plan.gone if yes else ())
    if not yes:
        if not on_terminal():
            raise Refused("nothing was changed: nobody can be asked here", "`hookserver apply --yes` does all of it.")
        click.confirm("Do this?", abort=True, err=True)
    newest = max((deploy.number for deploy in store.deploys(limit=1)), default=0)
    _take_up(store, plan.gone if yes else ())
    _follow_all(loaded, store, plan, newest)
    _wait_for_the_end(store, plan.gone if yes else ())


def _refuse_without_worker(loaded: Loaded) -> None:
    from hookserver.state.worker_lock import worker_is_alive

    if not worker_is_alive(loaded.settings.server.state):
        raise Refused(
            "hookserver's worker is not running, so nothing is taken up now",
            "Start it: it takes the settings up at its start, and retires nothing.",
        )


def _refuse_while_busy(store: Store, retired: Iterable[str]) -> None:
    busy = {deploy.app: deploy.number for deploy in store.in_progress()}
    for app in retired:
        if app in busy:
            raise Refused(f"{app} cannot be retired: deploy {busy[app]} is under way", "Cancel it, or wait; try again.")


def _take_up(store: Store, retired: Iterable[str]) -> None:
    """Until the worker has done what needs no new containers. Raises DeployFailed with what it could not do."""
    request = store.request_settings([*retired])
    for deploy in store.in_progress():
        click.echo(f"deploy {deploy.number} of {deploy.app} is under way, and waited for", err=True)

    def is_done() -> bool:
        return store.effective_settings().applied >= request

    while not is_done():
        wait_until(lambda: is_done() or not store.in_progress(), math.inf, pause=0.05)
        if not wait_until(lambda: is_done() or store.in_progress(), _TAKEN_WITHIN, pause=0.05):
            raise HookserverError(
                f"the worker has not taken the settings up within {_TAKEN_WITHIN:g} s",
                "It will as soon as it can; see what it says.",
            )
    if (known := store.effective_settings()).message:
        raise DeployFailed(
            f"{known.message}\nWhat ran before runs on.", "Mend the settings, then `hookserver apply` again."
        )
    click.echo("the settings are taken up", err=True)


def _follow_all(loaded: Loaded, store: Store, plan: Plan, newest: int) -> None:
    """Show the deploys that replace containers. Raises DeployFailed when one does not go live."""
    failed = [one.app for one in plan.replaced if not one.locked and not _goes_live(loaded, store, one, newest)]
    if failed:
        raise DeployFailed(
            f"{', '.join(failed)}: what served before still serves, with the settings that it had",
            "Mend the settings, then `hookserver apply` again; a push goes by the new ones.",
        )


def _goes_live(loaded: Loaded, store: Store, one: Replacement, newest: int) -> bool:
    from hookserver.views.log_follower import outcome

    waiting = [deploy for deploy in store.deploys(one.app, 3) if deploy.number > newest or not deploy.status.is_over]
    if not waiting:
        return True
    number = waiting[0].number
    follow(loaded, store, number, err=True)
    while (ended := store.deploy(number)).superseded_by:
        number = ended.superseded_by
        follow(loaded, store, number, err=True)
    click.echo(f"{one.app}: {outcome(ended)}", err=True)
    return ended.status is Status.LIVE


def _wait_for_the_end(store: Store, retired: Iterable[str]) -> None:
    deadline = time.monotonic() + _ENDED_WITHIN
    for app in retired:
        left = deadline - time.monotonic()
        if not wait_until(partial(_is_retired, store, app), left, pause=0.1):
            raise HookserverError(f"{app} is not retired yet", "The worker goes on trying; see what it says.")
        click.echo(f"{app}: retired", err=True)


def _is_retired(store: Store, app: str) -> bool:
    return app not in store.effective_settings().retire
