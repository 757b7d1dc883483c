"""Bearer tokens (RFC 6750), and the refusal of callers without a valid one."""

from __future__ import annotations

from typing import NoReturn

from flask import request

from hookserver.errors import NotFound, Unauthorized
from hookserver.models import Deploy
from hookserver.web.context import context
from hookserver.web.errors import TryLater

_TOKEN_LIMIT = 200


def caller(app: str) -> str:
    """The name of this request's token, which must be valid for ``app``. Raises Unauthorized, TryLater."""
    name = _name_of(bearer(), app)
    if name is None:
        refuse("no valid token", "Send Authorization: Bearer <token>; `hookserver token create` makes one.")
    return name


def visible_apps() -> list[str]:
    """The apps that this request's token is valid for. Raises Unauthorized, TryLater when there is none."""
    token = bearer()
    names = [app for app in context().settings.apps if _name_of(token, app) is not None]
    if not names:
        caller("")
    return names


def visible_deploy(number: int) -> Deploy:
    """A deploy that the caller may see.

    Raises NotFound for an unknown deploy, but Unauthorized or TryLater first: without a valid token nobody learns
    whether a deploy exists.
    """
    try:
        deploy = context().store.deploy(number)
    except NotFound:
        visible_apps()
        raise
    caller(deploy.app)
    return deploy


def bearer() -> str:
    """The token that this request has; "" without one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def refuse(problem: str, remedy: str) -> NoReturn:
    """Count a failed call. Raises Unauthorized, or TryLater (429) when its source address has made too many."""
    source = request.remote_addr or "this machine"
    context().refusals.add(source, f"{request.method} {request.path[:100]!r}", problem)
    if wait := context().failures.count(source):
        raise TryLater("too many calls without a valid signature or token", f"Wait {wait} s.", 429, wait)
    raise Unauthorized(problem, remedy)


def _name_of(token: str, app: str) -> str | None:
    if not token or len(token) > _TOKEN_LIMIT or not token.isascii():
        return None
    return context().store.token_name(token, app)
