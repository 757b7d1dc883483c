"""``hookserver apply``: shows what changed settings will do, then makes the running worker apply them."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

import click

from hookserver.cli.context import json_option, with_store
from hookserver.cli.watching import follow_to_end
from hookserver.config import Loaded
from hookserver.errors import DeployFailed, HookserverError, Refused
from hookserver.models import Status
from hookserver.state.wait_until import wait_until

if TYPE_CHECKING:
    from hookserver.changes.plan import Plan, Replacement
    from hookserver.store import Store

_APPLY_DEADLINE = 120.0
"""Seconds that a worker without deploys may take to apply the settings."""
_RETIRE_DEADLINE = 180.0
"""Seconds that the worker may take to retire the apps that are no longer in the settings."""


@click.command()
@click.option("--yes", is_flag=True, help="Ask nothing, and retire apps that are no longer in the settings.")
@click.option("--dry-run", is_flag=True, help="Only show the plan.")
@json_option
@with_store
def apply(loaded: Loaded, store: Store, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Apply changed settings to the running hookserver. Shows the plan and asks before it does anything."""
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
            raise Refused(
                "nothing changed: not a terminal, so cannot ask for confirmation",
                "Run `hookserver apply --yes` to do all of it.",
            )
        click.confirm("Apply these changes?", abort=True, err=True)
    newest = max((deploy.number for deploy in store.deploys(limit=1)), default=0)
    _apply(store, plan.gone if yes else ())
    _follow_all(loaded, store, plan, newest)
    _wait_for_the_end(store, plan.gone if yes else ())


def _refuse_without_worker(loaded: Loaded) -> None:
    from hookserver.state.worker_lock import worker_is_alive

    if not worker_is_alive(loaded.settings.server.state):
        raise Refused(
            "the worker is not running, so nothing can be applied now",
            "Start it with `hookserver up`: it applies the settings at its start, and retires nothing.",
        )


def _refuse_while_busy(store: Store, retired: Iterable[str]) -> None:
    busy = {deploy.app: deploy.number for deploy in store.in_progress()}
    for app in retired:
        if app in busy:
            raise Refused(
                f"{app} cannot be retired: deploy {busy[app]} is in progress",
                f"Wait for it, or run `hookserver cancel {busy[app]}`; then apply again.",
            )


def _apply(store: Store, retired: Iterable[str]) -> None:
    """Request the settings, and wait until the worker has done all that needs no new containers.

    Raises DeployFailed with what it could not do, HookserverError when it does not answer in time.
    """
    request = store.request_settings([*retired])
    for deploy in store.in_progress():
        click.echo(f"waiting for deploy {deploy.number} of {deploy.app}", err=True)

    def is_done() -> bool:
        return store.effective_settings().applied >= request

    while not is_done():
        wait_until(lambda: is_done() or not store.in_progress(), math.inf, pause=0.05)
        if not wait_until(lambda: is_done() or store.in_progress(), _APPLY_DEADLINE, pause=0.05):
            raise HookserverError(
                f"the worker has not applied the settings within {_APPLY_DEADLINE:g} s",
                "It applies them as soon as it can; see the log of `hookserver worker`.",
            )
    if (effective := store.effective_settings()).message:
        raise DeployFailed(
            f"{effective.message}\nNothing that runs has changed.",
            "Fix the settings, then run `hookserver apply` again.",
        )
    click.echo("the settings are applied", err=True)


def _follow_all(loaded: Loaded, store: Store, plan: Plan, newest: int) -> None:
    """Follow the deploys that replace containers. Raises DeployFailed when one does not go live."""
    failed = [one.app for one in plan.replaced if not one.locked and not _goes_live(loaded, store, one, newest)]
    if failed:
        raise DeployFailed(
            f"{', '.join(failed)}: the previous release is still live, with its old settings",
            "Fix the settings, then run `hookserver apply` again; the next push uses them too.",
        )


def _goes_live(loaded: Loaded, store: Store, one: Replacement, newest: int) -> bool:
    from hookserver.views.log_follower import outcome

    waiting = [deploy for deploy in store.deploys(one.app, 3) if deploy.number > newest or not deploy.status.is_over]
    if not waiting:
        return True
    ended = follow_to_end(loaded, store, waiting[0].number)
    click.echo(f"{one.app}: {outcome(ended)}", err=True)
    return ended.status is Status.LIVE


def _wait_for_the_end(store: Store, retired: Iterable[str]) -> None:
    deadline = time.monotonic() + _RETIRE_DEADLINE
    for app in retired:
        left = deadline - time.monotonic()
        if not wait_until(partial(_is_retired, store, app), left, pause=0.1):
            raise HookserverError(
                f"{app} is not retired yet", "The worker keeps trying; see the log of `hookserver worker`."
            )
        click.echo(f"{app}: retired", err=True)


def _is_retired(store: Store, app: str) -> bool:
    return app not in store.effective_settings().retire
