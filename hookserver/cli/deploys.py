"""Commands about deploys: ``deploy``, ``rollback``, ``status``, ``log``, ``history``, ``cancel``."""

from __future__ import annotations

import getpass
import json
from typing import TYPE_CHECKING

import click

from hookserver.cli import watching
from hookserver.cli.context import json_option, with_store
from hookserver.config import Loaded
from hookserver.errors import NotFound, no_such_app
from hookserver.models import Push, Trigger

if TYPE_CHECKING:
    from hookserver.store import Store


@click.command()
@click.argument("app")
@click.option("--commit", default="", help="Deploy this commit instead of the branch's tip.")
@click.option("--rebuild", is_flag=True, help="Build the image again, even if there is one of this commit.")
@click.option("--detach", is_flag=True, help="Print the deploy's number and return at once.")
@with_store
def deploy(loaded: Loaded, store: Store, app: str, commit: str, rebuild: bool, detach: bool) -> None:
    """Deploy the tip of an app's branch and follow the log."""
    store.refuse_if_locked(app)
    push = Push(app, Trigger.CLI, commit=commit, rebuild=rebuild, by=getpass.getuser())
    watching.request_deploy(loaded, store, push, detach)


@click.command()
@click.argument("app")
@click.option(
    "--to",
    type=click.IntRange(min=1),
    metavar="N",
    help="Go back to the release of deploy N [default: the one before].",
)
@click.option("--detach", is_flag=True, help="Print the deploy's number and return at once.")
@with_store
def rollback(loaded: Loaded, store: Store, app: str, to: int | None, detach: bool) -> None:
    """Go back to an earlier release. It is live at once if it is still on standby; else its image is started."""
    store.refuse_if_locked(app)
    target = store.rollback_target(app, to).deploy
    push = Push(app, Trigger.ROLLBACK, rollback_to=target, by=getpass.getuser())
    watching.request_deploy(loaded, store, push, detach)


@click.command()
@click.argument("app", required=False)
@json_option
@with_store
def status(loaded: Loaded, store: Store, app: str | None, as_json: bool) -> None:
    """Show what is live, on standby and queued. APP: one app [default: all]."""
    from hookserver.cli.status_text import status_lines
    from hookserver.state import journal_mount
    from hookserver.views import documents

    settings = loaded.settings.apps
    if app is not None and app not in settings:
        raise no_such_app(app, settings)
    found = [documents.app(store, settings[name]) for name in ([app] if app else settings)]
    click.echo(json.dumps(found, indent=2) if as_json else "\n".join(status_lines(found)))
    if line := journal_mount.warning(loaded.settings.server.state):
        click.secho(line, fg="yellow", err=True)


@click.command()
@click.argument("number", type=int)
@click.option("-f", "--follow", is_flag=True, help="Follow the log until the deploy ends.")
@with_store
def log(loaded: Loaded, store: Store, number: int, follow: bool) -> None:
    """Print a deploy's log. One that never started has only an outcome."""
    from hookserver.views.log_follower import outcome

    if follow:
        watching.follow(loaded, store, number, err=False)
    deploy, path = store.deploy(number), loaded.settings.server.state.log(number)
    if not path.exists():
        if not deploy.status.is_over:
            raise NotFound(f"deploy {number} has no log yet", "It waits in the queue; see `hookserver status`.")
        click.echo(outcome(deploy))
    elif not follow:
        click.echo(path.read_text(encoding="utf-8", errors="replace"), nl=False)


@click.command()
@click.argument("app")
@click.option("-n", "--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many to list.")
@json_option
@with_store
def history(_loaded: Loaded, store: Store, app: str, limit: int, as_json: bool) -> None:
    """List an app's deploys, newest first."""
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
    """Cancel a queued or running deploy."""
    cancelled = store.cancel(number)
    click.echo(
        f"deploy {number} is {'being cancelled' if not cancelled.status.is_over else cancelled.status}", err=True
    )
