"""The settings: proposed and checked."""

from __future__ import annotations

import json
from pathlib import Path

import click

from hookserver.cli.context import json_option, with_settings
from hookserver.config import Loaded, health_outside, unreadable_files


@click.command()
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option("--domain", default="", help="Domain of the app, which no file of a project contains.")
@click.option("--yes", is_flag=True, help="Do not ask questions; the file lists the points to decide.")
@click.pass_obj
def init(config: str | None, directory: Path, domain: str, yes: bool) -> None:
    """Inspect the project in DIRECTORY and write settings for it, to hookserver.toml there, or to --config FILE."""
    from hookserver.cli import init_project as command

    target = Path(config) if config else directory / "hookserver.toml"
    command.init(directory, target, ask=not yes and command.on_terminal(), domain=domain)


@click.command()
@json_option
@with_settings
def check(loaded: Loaded, as_json: bool) -> None:
    """Check the settings, and print each with where it comes from."""
    from hookserver.project import app_of_project, session_advice

    rows = loaded.effective()
    if as_json:
        click.echo(json.dumps([{"key": key, "value": value, "from": source} for key, value, source in rows], indent=2))
    else:
        width = max(len(f"{key} = {value}") for key, value, _ in rows if len(f"{key} = {value}") < 70)
        for key, value, source in rows:
            click.echo(f"{f'{key} = {value}':{width}}  # {source}")
    apps, folder = loaded.settings.apps, loaded.path.absolute().parent
    own = app_of_project(folder, apps.values())
    for app in apps.values():
        if not app.webhook_secret:
            click.secho(f"apps.{app.name}: no webhook_secret, so webhooks are refused (401)", fg="yellow", err=True)
        else:
            click.echo(
                f"apps.{app.name}: webhooks are taken at {loaded.settings.server.webhook_url(app.name)}", err=True
            )
        for line in unreadable_files(app):
            click.secho(f"{line}; its next deploy fails", fg="yellow", err=True)
        if line := health_outside(app):
            click.secho(f"apps.{app.name}: {line}", fg="yellow", err=True)
        for line in session_advice(app, folder if app.name == own else None):
            click.secho(f"apps.{app.name}: {line}", fg="yellow", err=True)
