"""Commands about what builds start from: ``images refresh``, ``cache clear``."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

import click

from hookserver.cli.context import with_store
from hookserver.cli.watching import follow_to_end
from hookserver.config import AppSettings, Loaded
from hookserver.errors import DeployFailed, Refused, no_such_app
from hookserver.models import Push, Status, Step, Trigger

if TYPE_CHECKING:
    from hookserver.store import Store


@click.group()
def images() -> None:
    """Care for the images that builds start from."""


@images.command("refresh")
@click.argument("app", required=False)
@click.option("--detach", is_flag=True, help="Print the numbers of the deploys and return at once.")
@with_store
def images_refresh(loaded: Loaded, store: Store, app: str | None, detach: bool) -> None:
    """Pull newer base images, and deploy live apps on them. APP: one app [default: all].

    Tomcat's and the builders' images, as the settings name them. The commit that is live is built again.
    """
    from hookserver.builders.registry import base_images
    from hookserver.engine.client import Engine
    from hookserver.engine.images import refresh_images
    from hookserver.errors import BuildError

    chosen = [_known(loaded, app)] if app else [*loaded.settings.apps.values()]
    wanted = {image: setting for one in chosen for image, setting in base_images(one).items()}
    engine = Engine(loaded.settings.docker.host, error=BuildError)
    newer = refresh_images(engine, wanted, lambda line: click.echo(line, err=True))
    live = store.live_releases()
    changed = [one.name for one in chosen if one.name in live and newer & base_images(one).keys()]
    if not changed:
        click.echo("no app that is live has a newer image", err=True)
    deploys = {name: _enqueue(store, name) for name in changed}
    if detach:
        click.echo("".join(f"{number}\n" for number in deploys.values()), nl=False)
        return
    failed = [name for name, number in deploys.items() if not _goes_live(loaded, store, name, number)]
    if failed:
        raise DeployFailed(
            f"{', '.join(failed)}: the previous release is still live, on the previous images",
            "See the log of the deploy; `hookserver deploy APP --rebuild` tries it again.",
        )


@click.group()
def cache() -> None:
    """Care for the caches of builds."""


@cache.command("clear")
@click.argument("app")
@with_store
def cache_clear(loaded: Loaded, store: Store, app: str) -> None:
    """Remove an app's build caches, such as ~/.m2. The next build starts with an empty one."""
    from hookserver.wiring import make_context

    _known(loaded, app)
    building = (None, Step.FETCH, Step.BUILD)
    for deploy in store.in_progress():
        if deploy.app == app and deploy.status is Status.RUNNING and deploy.step in building:
            raise Refused(
                f"deploy {deploy.number} of {app} is building",
                f"Wait for it, or run `hookserver cancel {deploy.number}`; then clear the cache.",
            )
    removed = make_context(loaded.settings, store).images.remove_caches(app)
    click.echo("".join(f"{volume}\n" for volume in removed), nl=False)
    if not removed:
        click.echo(f"{app} has no cache", err=True)


def _known(loaded: Loaded, app: str) -> AppSettings:
    if app not in loaded.settings.apps:
        raise no_such_app(app, loaded.settings.apps)
    return loaded.settings.apps[app]


def _enqueue(store: Store, app: str) -> int:
    return store.enqueue_settings(Push(app, Trigger.SETTINGS, rebuild=True, by=getpass.getuser())).deploy


def _goes_live(loaded: Loaded, store: Store, app: str, number: int) -> bool:
    from hookserver.views.log_follower import outcome

    if lock := store.app(app).lock:
        click.echo(f"{app}: deploy {number} waits: locked by {lock.by}: {lock.reason}", err=True)
        return True
    ended = follow_to_end(loaded, store, number)
    click.echo(f"{app}: {outcome(ended)}", err=True)
    return ended.status is Status.LIVE
