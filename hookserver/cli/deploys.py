"""Deploys: asked for, shown, cancelled."""

from __future__ import annotations

import getpass
import json
from typing import TYPE_CHECKING

import click

from hookserver.cli import watching
from hookserver.cli.context import json_option, with_store
from hookserver.cli.watching import ask
from hookserver.config import Loaded
from hookserver.errors import NotFound
from hookserver.models import Push, Trigger

if TYPE_CHECKING:
    from hookserver.store import Store


@click.command()
@click.argument("app")
@click.option("--commit", default="", help="Exactly this commit, instead of the branch's tip.")
@click.option("--rebuild", is_flag=True, help="Build the image again even if one exists.")
@click.option("--detach", is_flag=True, help="Do not wait for the end.")
@with_store
def deploy(loaded: Loaded, store: Store, app: str, commit: str, rebuild: bool, detach: bool) -> None:
    """Deploy the tip of an app's branch, and show how it goes."""
    store.refuse_if_locked(app)
    ask(loaded, store, Push(app, Trigger.CLI, commit=commit, rebuild=rebuild, by=getpass.getuser()), detach)


@click.command()
@click.argument("app")
@click.option(
    "--to", type=click.IntRange(min=1), metavar="N", help="The deploy whose release shall serve; else the one before."
)
@click.option("--detach", is_flag=True, help="Do not wait for the end.")
@with_store
def rollback(loaded: Loaded, store: Store, app: str, to: int | None, detach: bool) -> None:
    """Let an earlier release serve again: at once when it stands by, else from its image."""
    store.refuse_if_locked(app)
    target = store.rollback_target(app, to).deploy
    ask(loaded, store, Push(app, Trigger.ROLLBACK, rollback_to=target, by=getpass.getuser()), detach)


@click.command()
@click.argument("app", required=False)
@json_option
@with_store
def status(loaded: Loaded, store: Store, app: str | None, as_json: bool) -> None:
    """What is live, what stands by, what waits."""
    from hookserver.cli.status_text import status_lines
    from hookserver.views import documents

    settings = loaded.settings.apps
    if app is not None and app not in settings:
        raise NotFound(f"{loaded.path} has no app {app!r}", f"It has: {', '.join(settings) or 'none'}.")
    found = [documents.app(store, settings[name]) for name in ([app] if app else settings)]
    click.echo(json.dumps(found, indent=2) if as_json else "\n".join(status_lines(found)))


@click.command()
@click.argument("number", type=int)
@click.option("-f", "--follow", is_flag=True, help="Go on until the deploy ends.")
@with_store
def log(loaded: Loaded, store: Store, number: int, follow: bool) -> None:
    """Print a deploy's log; of one that never began, what became of it."""
    from hookserver.views.log_follower import outcome

    if follow:
        watching.follow(loaded, store, number, err=False)
    deploy, path = store.deploy(number), loaded.settings.server.state.log(number)
    if not path.exists():
        if not deploy.status.is_over:
            raise NotFound(f"deploy {number} has no log yet", "It waits; see `hookserver status`.")
        click.echo(outcome(deploy))
    elif not follow:
        click.echo(path.read_text(encoding="utf-8", errors="replace"), nl=False)


@click.command()
@click.argument("app")
@click.option("-n", "--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@json_option
@with_store
def history(_loaded: Loaded, store: Store, app: str, limit: int, as_json: bool) -> None:
    """An app's deploys, newest first."""
    from hookserver.cli.status_text import history_lines
    from hookserver.views import documents

    deploys = store.deploys(app, limit)
    if as_json:
        click.echo(json.dumps([documents.deploy(found) for found in deploys], indent=2))
    else:
        click.echo("\n".join(history_lines(deploys)))


@click.command()
@click.argument("number", type=int)
@with_store
def cancel(_loaded: Loaded, store: Store, number: int) -> None:
    """Cancel a waiting or running deploy."""
    cancelled = store.cancel(number)
    click.echo(
        f"deploy {number} is {'being cancelled' if not cancelled.status.is_over else cancelled.status}", err=True
    )
