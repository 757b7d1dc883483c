"""Bearer tokens (RFC 6750), and the refusal of callers without a valid one."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import NoReturn

from flask import Response, after_this_request, request

from hookserver.errors import Forbidden, StoreError, Unauthorized, no_such_deploy
from hookserver.models import Deploy, Scope
from hookserver.store import Token
from hookserver.web.context import WebContext, context
from hookserver.web.errors import TryLater

USE_INTERVAL = 60.0
"""Seconds between two records of a token's use: most calls that only read are then no write of the database."""
_TOKEN_LIMIT = 200


def caller(app: str, scope: Scope) -> str:
    """The name of this request's token, which must be valid for ``app`` and allow ``scope``.

    Raises Unauthorized, TryLater, Forbidden.
    """
    token = _find_token()
    if token is None or not token.is_for(app):
        _refuse_token()
    return _allowed(token, scope).name


def visible_apps() -> list[str]:
    """The apps that this request's token is valid for. Raises Unauthorized, TryLater."""
    token = _valid_token(Scope.READ)
    return [app for app in context().settings.apps if token.is_for(app)]


def visible_deploy(number: int, scope: Scope) -> Deploy:
    """A deploy of an app that this request's token is valid for; the token must allow ``scope``.

    Raises NotFound, the same for a deploy of another app as for one that is not there; but Unauthorized, TryLater or
    Forbidden first: without a valid token nobody learns whether a deploy exists.
    """
    token = _valid_token(scope)
    deploy = context().store.deploy(number)
    if not token.is_for(deploy.app):
        raise no_such_deploy(number)
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


def _find_token() -> Token | None:
    text = bearer()
    if not text or len(text) > _TOKEN_LIMIT or not text.isascii():
        return None
    return context().store.find_token(text)


def _valid_token(scope: Scope) -> Token:
    return _allowed(_find_token() or _refuse_token(), scope)


def _allowed(token: Token, scope: Scope) -> Token:
    _record_use(context(), token)
    if not token.scope.includes(scope):
        raise Forbidden(
            f"the token {token.name!r} has the scope {token.scope}, and this call needs {scope}",
            f"Use a token from `hookserver token create NAME --scope {scope}`.",
        )
    return token


def _refuse_token() -> NoReturn:
    refuse("no valid token", "Send Authorization: Bearer <token>; `hookserver token create` makes one.")


def _record_use(shared: WebContext, token: Token) -> None:
    """Record the use, once in a while, after the answer: a database that is busy then delays no call."""
    key, now = (token.name, token.created_at), time.monotonic()
    if now - shared.token_uses.get(key, -USE_INTERVAL) < USE_INTERVAL:
        return
    shared.token_uses[key] = now

    def record() -> None:
        with suppress(StoreError):
            shared.store.record_use(token)

    @after_this_request
    def _(response: Response) -> Response:
        response.call_on_close(record)
        return response
