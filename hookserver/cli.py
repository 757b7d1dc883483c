"""The command line: thin, data on stdout, progress on stderr.

Each command imports what it needs itself: a long-running process must not carry what only another one uses.
"""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec

import click

from hookserver import __version__
from hookserver.config import Loaded, find, load
from hookserver.errors import DeployFailed, HookserverError, NotFound, Refused
from hookserver.models import Push, Status, Trigger

if TYPE_CHECKING:
    from hookserver.store import Store

P = ParamSpec("P")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="hookserver")
@click.option(
    "--config", "-c", metavar="FILE", help="The settings file; else $HOOKSERVER_CONFIG, ./hookserver.toml, /etc."
)
@click.pass_context
def cli(context: click.Context, config: str | None) -> None:
    """A push of a Java WAR project goes live without one failed request, or the old version keeps serving."""
    context.obj = config


def main() -> None:
    """Run the command line. Exit codes: 0 done, 1 error, 2 usage, 3 not found, 4 settings, 5 refused, 6 failed."""
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except HookserverError as error:
        click.secho(str(error), fg="red", err=True)
        sys.exit(error.exit_code)


def _with_settings(command: Callable[Concatenate[Loaded, P], None]) -> Callable[P, None]:
    @click.pass_obj
    @wraps(command)
    def with_settings(config: str | None, /, *args: P.args, **kwargs: P.kwargs) -> None:
        command(load(find(config)), *args, **kwargs)

    return with_settings


def _with_store(command: Callable[Concatenate[Loaded, Store, P], None]) -> Callable[P, None]:
    @_with_settings
    @wraps(command)
    def with_store(loaded: Loaded, /, *args: P.args, **kwargs: P.kwargs) -> None:
        from hookserver.wiring import open_store

        store = open_store(loaded.settings)
        try:
            command(loaded, store, *args, **kwargs)
        finally:
            store.close()

    return with_store


_as_json = click.option("--json", "as_json", is_flag=True, help="Data as JSON.")


@cli.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option("--domain", default="", help="The domain that visitors use: the one thing no project tells.")
@click.option("--yes", is_flag=True, help="Ask nothing, as without a terminal: what is not known is said in the file.")
@click.pass_obj
def init(config: str | None, directory: Path, domain: str, yes: bool) -> None:
    """Look at the project in DIRECTORY and write settings for it, to hookserver.toml there, or to --config FILE."""
    from hookserver import init as command

    target = Path(config) if config else directory / "hookserver.toml"
    command.init(directory, target, ask=not yes and command.on_terminal(), domain=domain)


@cli.command()
@_as_json
@_with_settings
def check(loaded: Loaded, as_json: bool) -> None:
    """Check the settings, and print each with where it comes from."""
    rows = loaded.effective()
    if as_json:
        click.echo(json.dumps([{"key": key, "value": value, "from": source} for key, value, source in rows], indent=2))
    else:
        width = max(len(f"{key} = {value}") for key, value, _ in rows if len(f"{key} = {value}") < 70)
        for key, value, source in rows:
            click.echo(f"{f'{key} = {value}':{width}}  # {source}")
    for app in loaded.settings.apps.values():
        if not app.webhook_secret:
            click.secho(f"apps.{app.name}: no webhook_secret, so webhooks are refused (401)", fg="yellow", err=True)


@cli.command()
@_with_settings
def serve(loaded: Loaded) -> None:
    """Run the web process: webhooks and the API."""
    from hookserver.web.gunicorn import serve as serve_forever
    from hookserver.wiring import configure_logging, open_store

    configure_logging()
    open_store(loaded.settings).close()
    serve_forever(loaded.settings)


@cli.command()
@_with_settings
def worker(loaded: Loaded) -> None:
    """Run the worker: it builds, starts, switches and retires."""
    from hookserver.wiring import configure_logging, make_worker

    configure_logging()
    make_worker(loaded.settings).run()


@cli.command()
@_with_settings
def up(loaded: Loaded) -> None:
    """Run web and worker together in the foreground."""
    os.execv(sys.executable, [sys.executable, "-m", "hookserver.supervisor", str(loaded.path)])  # noqa: S606


@cli.command()
@click.argument("app")
@click.option("--commit", default="", help="Exactly this commit, instead of the branch's tip.")
@click.option("--rebuild", is_flag=True, help="Build the image again even if one exists.")
@click.option("--detach", is_flag=True, help="Do not wait for the end.")
@_with_store
def deploy(loaded: Loaded, store: Store, app: str, commit: str, rebuild: bool, detach: bool) -> None:
    """Deploy the tip of an app's branch, and show how it goes."""
    _refuse_if_locked(store, app)
    _ask(loaded, store, Push(app, Trigger.CLI, commit=commit, rebuild=rebuild, by=getpass.getuser()), detach)


@cli.command()
@click.argument("app")
@click.option("--to", type=int, metavar="N", help="The deploy whose release shall serve; else the one before.")
@click.option("--detach", is_flag=True, help="Do not wait for the end.")
@_with_store
def rollback(loaded: Loaded, store: Store, app: str, to: int | None, detach: bool) -> None:
    """Let an earlier release serve again: at once when it stands by, else from its image."""
    _refuse_if_locked(store, app)
    target = store.rollback_target(app, to).deploy
    _ask(loaded, store, Push(app, Trigger.ROLLBACK, rollback_to=target, by=getpass.getuser()), detach)


@cli.command()
@click.argument("app", required=False)
@_as_json
@_with_store
def status(loaded: Loaded, store: Store, app: str | None, as_json: bool) -> None:
    """What is live, what stands by, what waits."""
    from hookserver import as_json as documents
    from hookserver.status import status_lines

    settings = loaded.settings.apps
    if app is not None and app not in settings:
        raise NotFound(f"{loaded.path} has no app {app!r}", f"It has: {', '.join(settings) or 'none'}.")
    found = [documents.app(store, settings[name]) for name in ([app] if app else settings)]
    click.echo(json.dumps(found, indent=2) if as_json else "\n".join(status_lines(found)))


@cli.command()
@click.argument("number", type=int)
@click.option("-f", "--follow", is_flag=True, help="Go on until the deploy ends.")
@_with_store
def log(loaded: Loaded, store: Store, number: int, follow: bool) -> None:
    """Print a deploy's log."""
    store.deploy(number)
    if follow:
        _follow(loaded, store, number, err=False)
        return
    path = loaded.settings.server.state.log(number)
    if not path.exists():
        raise NotFound(f"deploy {number} has no log yet", "It waits; see `hookserver status`.")
    click.echo(path.read_text(encoding="utf-8", errors="replace"), nl=False)


@cli.command()
@click.argument("app")
@click.option("-n", "--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@_as_json
@_with_store
def history(_loaded: Loaded, store: Store, app: str, limit: int, as_json: bool) -> None:
    """An app's deploys, newest first."""
    from hookserver import as_json as documents
    from hookserver.status import history_lines

    deploys = store.deploys(app, limit)
    if as_json:
        click.echo(json.dumps([documents.deploy(found) for found in deploys], indent=2))
    else:
        click.echo("\n".join(history_lines(deploys)))


@cli.command()
@click.argument("number", type=int)
@_with_store
def cancel(_loaded: Loaded, store: Store, number: int) -> None:
    """Cancel a waiting or running deploy."""
    cancelled = store.cancel(number)
    click.echo(
        f"deploy {number} is {'being cancelled' if not cancelled.status.is_over else cancelled.status}", err=True
    )


@cli.command()
@click.argument("app")
@click.option("--reason", required=True, help="Why, for those who wait.")
@_with_store
def lock(_loaded: Loaded, store: Store, app: str, reason: str) -> None:
    """Let an app's pushes wait."""
    store.lock(app, reason, getpass.getuser())
    click.echo(f"{app} is locked; its pushes wait for `hookserver unlock {app}`", err=True)


@cli.command()
@click.argument("app")
@_with_store
def unlock(_loaded: Loaded, store: Store, app: str) -> None:
    """Let an app's pushes go on."""
    store.unlock(app)
    click.echo(f"{app} is unlocked", err=True)


@cli.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@_with_store
def prune(loaded: Loaded, store: Store, yes: bool) -> None:
    """Remove images that no rollback needs: only our own, only beyond `keep`."""
    from hookserver.retire import kept_images
    from hookserver.wiring import make_parts

    if not yes:
        click.confirm("Remove the images of releases beyond `keep`?", abort=True, err=True)
    parts = make_parts(loaded.settings, store)
    busy = {deploy.app for deploy in store.under_way()}
    for app in loaded.settings.apps.values():
        if app.name in busy:
            click.echo(f"{app.name} is being deployed and left alone", err=True)
            continue
        for image in parts.images.prune(app, kept_images(store, app)):
            click.echo(image)


@cli.group()
def token() -> None:
    """The API's tokens."""


@token.command("create")
@click.argument("name")
@click.option("--app", default="", help="Valid for this app only.")
@_with_store
def token_create(_loaded: Loaded, store: Store, name: str, app: str) -> None:
    """Make a token; it is shown this once."""
    if app:
        store.app(app)
    click.echo(store.create_token(name, app))


@token.command("list")
@_as_json
@_with_store
def token_list(_loaded: Loaded, store: Store, as_json: bool) -> None:
    """List tokens, without their text."""
    tokens = store.tokens()
    if as_json:
        click.echo(json.dumps([asdict(found) for found in tokens], indent=2))
    else:
        for found in tokens:
            click.echo(f"{found.name:<24} {found.app or 'all apps'}")


@token.command("revoke")
@click.argument("name")
@_with_store
def token_revoke(_loaded: Loaded, store: Store, name: str) -> None:
    """End a token's validity."""
    store.revoke_token(name)
    click.echo(f"{name} is revoked", err=True)


@cli.group()
def nginx() -> None:
    """What an Nginx that is there already needs to know."""


@nginx.command("show")
@click.argument("app")
@_with_settings
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


def _refuse_if_locked(store: Store, app: str) -> None:
    held = store.app(app).lock
    if held:
        raise Refused(f"{app} is locked by {held.by}: {held.reason}", f"`hookserver unlock {app}` lets it go on.")


def _follow(loaded: Loaded, store: Store, number: int, err: bool) -> None:
    """Show a deploy's log until it is decided how it ends."""
    import threading

    from hookserver.follow import Follower, is_decided

    if store.deploy(number).status is Status.QUEUED:
        click.echo(f"-----> queued as deploy {number}", err=True)
    follower = Follower(store, loaded.settings.server.state, threading.Event())
    for lines in follower.follow(number, is_decided):
        if lines.text:
            click.echo(lines.text, nl=False, err=err)


def _ask(loaded: Loaded, store: Store, push: Push, detach: bool) -> None:
    """Queue it; unless detached, show its log until it ends, and end with its outcome."""
    from hookserver.follow import outcome

    number = store.enqueue(push).deploy
    if detach:
        click.echo(number)
        return
    try:
        _follow(loaded, store, number, err=True)
    except KeyboardInterrupt:
        click.echo(
            f"detached; deploy {number} goes on: `hookserver log {number} -f`, `hookserver cancel {number}`", err=True
        )
        sys.exit(130)
    ended = store.deploy(number)
    click.echo(outcome(ended))
    if ended.status is not Status.LIVE:
        raise DeployFailed(f"deploy {number} is {ended.status}; what served before still serves", "")
