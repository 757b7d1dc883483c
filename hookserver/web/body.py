"""Request bodies: read with a limit and a deadline, also without a Content-Length; the fields of JSON and forms."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

from flask import request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from hookserver.errors import BadRequest
from hookserver.forges import payload
from hookserver.web.context import context
from hookserver.web.errors import TryLater

DEADLINE = 30.0
"""Seconds in which a body must have arrived: a slow sender occupies a thread."""
LARGE = 1 << 20
"""Bytes from which a body counts as large; at most four of them are in memory at once."""
_large_bodies = threading.BoundedSemaphore(4)
_PIECE = 64 << 10
_FIELDS_LIMIT = 64 << 10
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def read(limit: int) -> bytes:
    """The whole body, JSON or form, of at most ``limit`` bytes.

    Raises BadRequest (415, 413, 408 or 400), and TryLater when too many large bodies arrive at once.
    """
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", ""):
        raise BadRequest(f"Content-Encoding {encoding[:30]} is not supported", "Send the body uncompressed.", 415)
    if request.mimetype not in (JSON, FORM):
        raise BadRequest("the body is neither JSON nor a form", f"Send Content-Type: {JSON}.", 415)
    # Flask refuses a larger Content-Length, and a chunked body once it has sent as much.
    # https://flask.palletsprojects.com/en/stable/api/#flask.Request.max_content_length
    request.max_content_length = limit
    with _deadline() as has_passed:
        try:
            body = _read_stream()
        except RequestEntityTooLarge as error:
            size = f"{limit >> 20} MB" if limit >> 20 else f"{limit >> 10} kB"
            raise BadRequest(f"the body is over {size}", "Send a smaller one.", 413) from error
        except ParseException as error:
            raise BadRequest(f"the body's chunks cannot be read: {error}", "Send it with a Content-Length.") from error
        except (ClientDisconnected, OSError):
            body = None
        if body is None or len(body) < (request.content_length or 0):
            if has_passed():
                raise BadRequest(f"the body did not arrive within {DEADLINE:.0f} s", "Send it again.", 408)
            raise BadRequest("the body is incomplete: the connection ended early", "Send it again.")
        return body


def read_fields() -> tuple[dict[str, Any], bool]:
    """The fields of a small body, none when there is no body, and whether it is JSON, else a form.

    Raises BadRequest (415, 413, 408 or 400), TryLater.
    """
    if not request.content_length and "chunked" not in request.headers.get("Transfer-Encoding", "").lower():
        return {}, True
    body = read(_FIELDS_LIMIT)
    is_json = request.mimetype == JSON
    return payload.read_json(body) if is_json else _form(body), is_json


def _form(body: bytes) -> dict[str, str]:
    if body.lstrip().startswith(b"{"):
        raise BadRequest("the body is JSON, but was sent as a form", f"Send Content-Type: {JSON}.", 415)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError as error:
        raise BadRequest("the body is not a form", "Send FIELD=VALUE pairs, 20 at most, joined by &.") from error
    if len(dict(pairs)) != len(pairs):
        raise BadRequest("a field is in the form twice", "Send each field once.")
    return dict(pairs)


def _read_stream() -> bytes:
    body, length = bytearray(), request.content_length
    is_large = False
    try:
        while len(body) != length and (piece := request.stream.read(_PIECE)):
            body += piece
            if len(body) > LARGE and not is_large:
                is_large = _large_bodies.acquire(timeout=DEADLINE / 2)
                if not is_large:
                    raise TryLater("too many large bodies arrive at once", "Send it again.", 503, 10)
        return bytes(body)
    finally:
        if is_large:
            _large_bodies.release()


@contextmanager
def _deadline() -> Iterator[Callable[[], bool]]:
    """Let the server end the reading from this request's connection after the deadline; yields whether it has passed.

    Another thread has to do that: this one may wait in ``recv``, once for each byte of a slow sender.
    """
    connection: socket.socket | None = request.environ.get("gunicorn.socket")
    deadlines = context().read_deadlines
    ends = time.monotonic() + DEADLINE
    if connection:
        deadlines[connection] = ends
    try:
        yield lambda: time.monotonic() >= ends
    finally:
        if connection:
            deadlines.pop(connection, None)
