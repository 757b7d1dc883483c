"""Commands about API tokens: ``token create``, ``token list``, ``token revoke``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from hookserver.cli.context import json_option, with_store
from hookserver.config import Loaded

if TYPE_CHECKING:
    from hookserver.store import Store


@click.group()
def token() -> None:
    """Create, list and revoke API tokens."""


@token.command("create")
@click.argument("name")
@click.option("--app", default="", help="Restrict the token to this app.")
@with_store
def token_create(_loaded: Loaded, store: Store, name: str, app: str) -> None:
    """Create a token and print it; it cannot be shown again."""
    if app:
        store.app(app)
    click.echo(store.create_token(name, app))


@token.command("list")
@json_option
@with_store
def token_list(_loaded: Loaded, store: Store, as_json: bool) -> None:
    """List the names and apps of all tokens."""
    tokens = store.tokens()
    if as_json:
        click.echo(json.dumps([asdict(found) for found in tokens], indent=2))
    else:
        for found in tokens:
            click.echo(f"{found.name:<24} {found.app or 'all apps'}")


@token.command("revoke")
@click.argument("name")
@with_store
def token_revoke(_loaded: Loaded, store: Store, name: str) -> None:
    """Revoke a token: calls with it are refused from now on."""
    store.revoke_token(name)
    click.echo(f"{name} is revoked", err=True)
