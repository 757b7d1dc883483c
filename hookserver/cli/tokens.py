"""Commands about API tokens: ``token create``, ``token list``, ``token revoke``."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING

import click

from hookserver.cli.context import json_option, with_store
from hookserver.config import Loaded
from hookserver.config.units import parse_duration
from hookserver.models import Scope

if TYPE_CHECKING:
    from hookserver.store import Store, Token

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
"""A token's name is in logs, in the history and in locks. One with a colon is hookserver's own: ``push:<app>``."""


@click.group()
def token() -> None:
    """Create, list and revoke API tokens."""


def _checked_name(_context: click.Context, _parameter: click.Parameter, name: str) -> str:
    if not _NAME.fullmatch(name):
        raise click.BadParameter(f"{name[:80]!r} is not a name: 64 letters, digits and ._@- at most")
    return name


def _checked_seconds(_context: click.Context, _parameter: click.Parameter, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    if not seconds:
        raise click.BadParameter("a token must be valid for some time, such as 90d")
    return seconds


@token.command("create")
@click.argument("name", callback=_checked_name)
@click.option("--app", default="", help="Restrict the token to this app.")
@click.option(
    "--scope",
    type=click.Choice([str(scope) for scope in Scope]),
    default=str(Scope.DEPLOY),
    show_default=True,
    help="read: see apps and logs. deploy: also request, roll back and cancel deploys. admin: also lock and unlock.",
)
@click.option("--expires", callback=_checked_seconds, metavar="90d", help="When it ends [default: when it is revoked].")
@with_store
def token_create(_loaded: Loaded, store: Store, name: str, app: str, scope: str, expires: float | None) -> None:
    """Create a token and print it; it cannot be shown again."""
    if app:
        store.app(app)
    click.echo(store.create_token(name, app, Scope(scope), expires))


@token.command("list")
@json_option
@with_store
def token_list(_loaded: Loaded, store: Store, as_json: bool) -> None:
    """List all tokens: app, scope, end and last use of each."""
    from hookserver.views import documents

    tokens = store.tokens()
    if as_json:
        click.echo(json.dumps([documents.token(found) for found in tokens], indent=2))
    else:
        for found in tokens:
            click.echo(_line(found))


@token.command("revoke")
@click.argument("name")
@with_store
def token_revoke(_loaded: Loaded, store: Store, name: str) -> None:
    """Revoke a token: calls with it are refused from now on."""
    store.revoke_token(name)
    click.echo(f"{name} is revoked", err=True)


def _line(token: Token) -> str:
    if token.expires_at is None:
        ends = "never expires"
    else:
        ends = f"{'expired' if token.expires_at <= time.time() else 'expires'} {_minute(token.expires_at)}"
    used = f"last used {_minute(token.used_at)}" if token.used_at else "never used"
    return f"{token.name:<24} {token.app or 'all apps':<16} {token.scope:<6}  {ends:<24}  {used}"


def _minute(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
