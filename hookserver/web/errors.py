"""Errors as ``application/problem+json`` (RFC 9457), with the members ``remedy`` and, for wrong fields, ``errors``.

A client that prefers ``text/plain`` gets the detail and the remedy as lines.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from hookserver.errors import BadRequest, HookserverError

_log = logging.getLogger(__name__)
_RETRY_STORE = 5


class TryLater(HookserverError):
    """Raised when a request would work later. ``http_status``: 429 or 503; ``retry_after``: seconds."""

    def __init__(self, problem: str, remedy: str, http_status: int, retry_after: int) -> None:
        super().__init__(problem, remedy)
        self.http_status = http_status
        self.retry_after = retry_after


class WrongFields(BadRequest):
    """Raised when fields of a body or a query are wrong (HTTP 422). ``mistakes``: field → what is wrong with it."""

    def __init__(self, mistakes: Mapping[str, str], remedy: str = "") -> None:
        super().__init__("; ".join(mistakes.values()), remedy, HTTPStatus.UNPROCESSABLE_ENTITY)
        self.mistakes = mistakes


def wants_text() -> bool:
    """Whether the request prefers ``text/plain``, as that of a shell script does, which cannot read JSON."""
    return request.accept_mimetypes.best == "text/plain"


def problem(status: int, detail: str, remedy: str = "", **members: Any) -> Response:
    """A response with a problem document; ``members`` are its additional members."""
    if wants_text():
        return Response("".join(f"{text}\n" for text in (detail, remedy) if text), status, mimetype="text/plain")
    title = HTTPStatus(status).phrase
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail, **members}
    if remedy:
        document["remedy"] = remedy
    return Response(json.dumps(document) + "\n", status, content_type="application/problem+json")


def register(app: Flask) -> None:
    """Answer every error of ``app`` with a problem document."""
    app.register_error_handler(HookserverError, _of_hookserver_error)
    app.register_error_handler(HTTPException, _of_http_error)
    app.register_error_handler(Exception, _of_internal_error)


def _of_hookserver_error(error: HookserverError) -> Response:
    mistakes = error.mistakes if isinstance(error, WrongFields) else {}
    errors = [{"field": field[:50], "detail": mistake} for field, mistake in mistakes.items()]
    response = problem(error.http_status, error.problem, error.remedy, **({"errors": errors} if errors else {}))
    if error.http_status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="hookserver"'
    if error.http_status == HTTPStatus.FORBIDDEN:  # RFC 6750, section 3.1
        response.headers["WWW-Authenticate"] = 'Bearer realm="hookserver", error="insufficient_scope"'
    if isinstance(error, TryLater):
        response.headers["Retry-After"] = str(error.retry_after)
    elif error.http_status == HTTPStatus.SERVICE_UNAVAILABLE:
        _log.error("%s", error)
        response.headers["Retry-After"] = str(_RETRY_STORE)
    return response


def _of_http_error(error: HTTPException) -> Response:
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    response = problem(status, error.description or HTTPStatus(status).phrase)
    allowed = getattr(error, "valid_methods", None)
    if allowed:
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def _of_internal_error(error: Exception) -> Response:
    _log.error("internal error", exc_info=error)
    return problem(500, "internal error", "See the log of `hookserver serve`, and report it.")
