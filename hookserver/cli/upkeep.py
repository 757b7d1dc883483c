"""Commands for upkeep: ``lock``, ``unlock``, ``prune``, ``nginx show``."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

import click

from hookserver.cli.context import with_settings, with_store
from hookserver.config import Loaded
from hookserver.errors import no_such_app
from hookserver.plain_text import one_line

if TYPE_CHECKING:
    from hookserver.store import Store


@click.command()
@click.argument("app")
@click.option("--reason", required=True, help="Reason for the lock; shown with each deploy that waits.")
@with_store
def lock(_loaded: Loaded, store: Store, app: str, reason: str) -> None:
    """Lock an app: its pushes wait until it is unlocked."""
    store.lock(app, one_line(reason), getpass.getuser())
    click.echo(f"{app} is locked; its pushes wait until `hookserver unlock {app}`", err=True)


@click.command()
@click.argument("app")
@with_store
def unlock(_loaded: Loaded, store: Store, app: str) -> None:
    """Unlock an app: a push that waits is deployed."""
    store.unlock(app)
    click.echo(f"{app} is unlocked", err=True)


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@with_store
def prune(loaded: Loaded, store: Store, yes: bool) -> None:
    """Remove images of old releases. Keeps those of the `keep` newest, and all that hookserver did not build."""
    from hookserver.pipeline.retire import kept_images
    from hookserver.wiring import make_context

    if not yes:
        click.confirm("Remove the images of releases older than the `keep` newest?", abort=True, err=True)
    context = make_context(loaded.settings, store)
    busy = {deploy.app for deploy in store.in_progress()}
    for app in loaded.settings.apps.values():
        if app.name in busy:
            click.echo(f"{app.name} is being deployed, so its images are kept", err=True)
            continue
        for image in context.images.prune(app, kept_images(store, app)):
            click.echo(image)


@click.group()
def nginx() -> None:
    """Help with an existing Nginx."""


@nginx.command("show")
@click.argument("app")
@with_settings
def nginx_show(loaded: Loaded, app: str) -> None:
    """Print an app's Nginx locations. Include them in a server block of your own, such as one with TLS."""
    from hookserver.nginx import show

    settings = loaded.settings
    if app not in settings.apps:
        raise no_such_app(app, settings.apps)
    text, include = show(settings, app)
    domains = ", ".join(settings.apps[app].domains)
    click.echo(
        f"Include this in your server {{ }} for {domains}; the file below follows the settings: {include}", err=True
    )
    click.echo(text)
