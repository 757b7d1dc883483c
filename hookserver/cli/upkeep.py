"""Locks, old images, and what an Nginx that is there already needs."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

import click

from hookserver.cli.context import with_settings, with_store
from hookserver.config import Loaded
from hookserver.errors import NotFound

if TYPE_CHECKING:
    from hookserver.store import Store


@click.command()
@click.argument("app")
@click.option("--reason", required=True, help="Why, for those who wait.")
@with_store
def lock(_loaded: Loaded, store: Store, app: str, reason: str) -> None:
    """Let an app's pushes wait."""
    store.lock(app, reason, getpass.getuser())
    click.echo(f"{app} is locked; its pushes wait for `hookserver unlock {app}`", err=True)


@click.command()
@click.argument("app")
@with_store
def unlock(_loaded: Loaded, store: Store, app: str) -> None:
    """Let an app's pushes go on."""
    store.unlock(app)
    click.echo(f"{app} is unlocked", err=True)


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_store
def prune(loaded: Loaded, store: Store, yes: bool) -> None:
    """Remove images that no rollback needs: only our own, only beyond `keep`."""
    from hookserver.pipeline.retire import kept_images
    from hookserver.wiring import make_context

    if not yes:
        click.confirm("Remove the images of releases beyond `keep`?", abort=True, err=True)
    parts = make_context(loaded.settings, store)
    busy = {deploy.app for deploy in store.in_progress()}
    for app in loaded.settings.apps.values():
        if app.name in busy:
            click.echo(f"{app.name} is being deployed and left alone", err=True)
            continue
        for image in parts.images.prune(app, kept_images(store, app)):
            click.echo(image)


@click.group()
def nginx() -> None:
    """What an Nginx that is there already needs to know."""


@nginx.command("show")
@click.argument("app")
@with_settings
def nginx_show(loaded: Loaded, app: str) -> None:
    """Print an app's locations, to be included in a server of your own, one with TLS for instance."""
    from hookserver.nginx import show

    settings = loaded.settings
    if app not in settings.apps:
        raise NotFound(f"{loaded.path} has no app {app!r}", f"It has: {', '.join(settings.apps) or 'none'}.")
    text, include = show(settings, app)
    domains = ", ".join(settings.apps[app].domains)
    click.echo(
        f"Into your server {{ }} for {domains}; best by its file, which follows the settings: {include}", err=True
    )
    click.echo(text)
