"""Request bodies: read with a limit and a deadline, also when they come in chunks; fields out of JSON or forms."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import parse_qsl

from flask import request
from werkzeug.exceptions import ClientDisconnected

from hookserver.errors import BadRequest, did_you_mean
from hookserver.forges import payload
from hookserver.web.errors import TryLater

DEADLINE = 30.0
"""Seconds in which a body must have arrived; a slow sender would hold a thread."""
LARGE = 1 << 20
"""Bytes from which a body counts as large; few of them are in memory at once."""
_large_bodies = threading.BoundedSemaphore(4)
_PIECE = 64 << 10
_FIELDS_LIMIT = 64 << 10
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def read(limit: int) -> bytes:
    """The whole body, JSON or form. Raises BadRequest 415, 413, 408 or 400, TryLater when too many are large."""
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", ""):
        raise BadRequest(f"Content-Encoding {encoding[:30]} is not taken", "Send the body as it is.", 415)
    if request.mimetype not in (JSON, FORM):
        raise BadRequest("the body is neither JSON nor a form", f"Send Content-Type: {JSON}.", 415)
    if (request.content_length or 0) > limit:
        raise _too_large(limit)
    with _deadline(request.environ.get("gunicorn.socket")) as passed:
        try:
            body = _read_up_to(limit)
        except (ClientDisconnected, OSError):
            body = None
        if body is None or len(body) < (request.content_length or 0):
            if passed.is_set():
                raise BadRequest(f"the body did not arrive within {DEADLINE:.0f} s", http_status=408)
            raise BadRequest("the body ended before its time")
        return body


def fields(*known: str) -> dict[str, Any]:
    """The fields of a small JSON or form body; none when there is no body. Raises BadRequest, 422 for unknown ones."""
    if not request.content_length and "chunked" not in request.headers.get("Transfer-Encoding", "").lower():
        return {}
    body = read(_FIELDS_LIMIT)
    given = payload.read_json(body) if request.mimetype == JSON else _form(body)
    for name in given:
        if name not in known:
            hint = did_you_mean(name, known) or f"Known: {', '.join(known) or 'none'}."
            raise BadRequest(f"unknown field {name[:50]!r}", hint, 422)
    return given


def _form(body: bytes) -> dict[str, str]:
    if body.lstrip().startswith(b"{"):
        raise BadRequest("the body is JSON, but was sent as a form", f"Send Content-Type: {JSON}.", 415)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError as error:
        raise BadRequest("the body is not a form") from error
    if len(dict(pairs)) != len(pairs):
        raise BadRequest("a field stands twice in the form")
    return dict(pairs)


def _read_up_to(limit: int) -> bytes:
    body = bytearray()
    is_large = False
    try:
        while piece := request.stream.read(_PIECE):
            body += piece
            if len(body) > limit:
                raise _too_large(limit)
            if len(body) > LARGE and not is_large:
                is_large = _large_bodies.acquire(timeout=DEADLINE / 2)
                if not is_large:
                    raise TryLater("too many large bodies arrive at once", "Send it again.", 503, 10)
        return bytes(body)
    finally:
        if is_large:
            _large_bodies.release()


def _too_large(limit: int) -> BadRequest:
    size = f"{limit >> 20} MB" if limit >> 20 else f"{limit >> 10} kB"
    return BadRequest(f"the body is over {size}", http_status=413)


@contextmanager
def _deadline(connection: socket.socket | None) -> Iterator[threading.Event]:
    """Stop reading from the connection when the time is over; what is yielded tells whether that was so."""
    passed = threading.Event()

    def stop() -> None:
        passed.set()
        with suppress(OSError):
            if connection:
                connection.shutdown(socket.SHUT_RD)

    timer = threading.Timer(DEADLINE, stop)
    timer.daemon = True
    timer.start()
    try:
        yield passed
    finally:
        timer.cancel()
