"""Commands about the settings file: ``init`` and ``check``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click

from hookserver.cli.context import json_option, with_settings
from hookserver.config import (
    Loaded,
    exposed_api,
    exposed_files,
    health_outside,
    missing_error_pages,
    unreadable_by,
    unreadable_files,
)
from hookserver.errors import HookserverError
from hookserver.plain_text import plain
from hookserver.state.web_user import find_web_user


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option("--domain", default="", help="Domain of the app, which no file of a project contains.")
@click.option("--yes", is_flag=True, help="Do not ask questions; the file lists the points to decide.")
@click.pass_obj
def init(config: str | None, directory: Path, domain: str, yes: bool) -> None:
    """Write the settings for a project. Inspects DIRECTORY and writes hookserver.toml there, or --config FILE."""
    from hookserver.cli import init_project as command

    target = Path(config) if config else directory / "hookserver.toml"
    command.init(directory, target, ask=not yes and command.on_terminal(), domain=domain)


@click.command()
@json_option
@with_settings
def check(loaded: Loaded, as_json: bool) -> None:
    """Check the settings and print each with its source. Warnings go to stderr."""
    from hookserver.nginx.known_holes import line_about

    rows = loaded.effective()
    if as_json:
        click.echo(json.dumps([{"key": key, "value": value, "from": source} for key, value, source in rows], indent=2))
    else:
        width = max(len(f"{key} = {value}") for key, value, _ in rows if len(f"{key} = {value}") < 70)
        for key, value, source in rows:
            click.echo(f"{f'{key} = {value}':{width}}  # {source}")
    for warning in _warnings(loaded):
        click.secho(plain(warning), fg="yellow", err=True)  # it quotes the project
    if holes := line_about(loaded.settings.nginx.binary):
        click.secho(holes.text, fg="yellow" if holes.is_certain else None, err=True)
    for app in loaded.settings.apps.values():
        if app.webhook_secrets:
            click.echo(f"apps.{app.name}: webhook URL {loaded.settings.server.webhook_url(app.name)}", err=True)


def _warnings(loaded: Loaded) -> Iterator[str]:
    """Settings that are allowed, but show a secret, let strangers in, or keep deploys or sessions from working."""
    from hookserver.project import app_of_project, session_advice
    from hookserver.state import journal_mount

    if line := journal_mount.warning(loaded.settings.server.state):
        yield line
    apps, folder = loaded.settings.apps, loaded.path.absolute().parent
    own = app_of_project(folder, apps.values())
    if line := exposed_api(loaded.settings.server):
        yield line
    for line in missing_error_pages(loaded.settings.nginx):
        click.secho(f"{line}; visitors then get Nginx's own page", fg="yellow", err=True)
    yield from exposed_files(loaded)
    yield from _closed_to_web(loaded)
    for app in apps.values():
        if not app.webhook_secrets:
            yield f"apps.{app.name}: no webhook_secret, so webhooks are refused (401)"
        for line in unreadable_files(app):
            yield f"{line}; the next deploy will fail"
        if line := health_outside(app):
            yield f"apps.{app.name}: {line}"
        for line in session_advice(app, folder if app.name == own else None):
            yield f"apps.{app.name}: {line}"


def _closed_to_web(loaded: Loaded) -> Iterator[str]:
    """The files that the web process must read and cannot, or that its user is missing."""
    try:
        user = find_web_user(loaded.settings.server.user)
    except HookserverError as error:
        yield f"{error.problem}; {error.remedy}"
        return
    if user:
        yield from unreadable_by(user, loaded)
