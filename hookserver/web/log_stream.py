"""A deploy's log over HTTP: as it is now, followed as text, and followed as server-sent events.

Each line of the log is indented or has a prefix. The last line of followed text has neither: it is ``live``,
``failed: <why>``, ``cancelled``, ``superseded by deploy <n>``, or, when the server stops, ``queued`` or ``running``.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from functools import partial

from flask import Blueprint, Response, request, send_file

from hookserver.models import Deploy, Scope
from hookserver.views.log_follower import is_decided, is_finished, outcome
from hookserver.web import auth
from hookserver.web.context import WebContext, context
from hookserver.web.errors import TryLater
from hookserver.web.fields import DEPLOY_NUMBER, LogQuery
from hookserver.web.following import STUCK, is_gone

HEARTBEAT = 15.0
"""Seconds after which a comment is sent on a silent event stream, so that no proxy closes it.

https://html.spec.whatwg.org/multipage/server-sent-events.html#authoring-notes
"""
TEXT, EVENTS = "text/plain", "text/event-stream"
blueprint = Blueprint("log_stream", __name__)


@blueprint.get(f"/deploys/<{DEPLOY_NUMBER}:number>/log")
def log(number: int) -> Response:
    """The log so far; with ``?follow=1`` or ``Accept: text/event-stream`` the log as it grows."""
    app = auth.visible_deploy(number, Scope.READ).app
    wants_events = request.accept_mimetypes.best_match([TEXT, EVENTS]) == EVENTS
    if wants_events or LogQuery.from_query().follow == "1":
        if not context().followers.acquire(app):
            raise too_many(app)
        return stream_events(app, number) if wants_events else stream_text(app, number)
    path = context().state.log(number)
    if not path.exists():
        return Response(b"", content_type=f"{TEXT}; charset=utf-8")
    return send_file(path, mimetype=f"{TEXT}; charset=utf-8", conditional=False, etag=False)


def stream_text(app: str, number: int, first: str = "", status: int = 200) -> Response:
    """``first``, the log as it grows, and the outcome as the last line. The caller has acquired a follower's place."""
    return _stream(app, _text(context(), number, first, client()), TEXT, status)


def stream_events(app: str, number: int) -> Response:
    """The log as events; their ids are byte offsets. The caller has acquired a follower's place."""
    last = request.headers.get("Last-Event-ID", "")
    offset = int(last) if last.isascii() and last.isdigit() and len(last) < 16 else 0
    return _stream(app, _events(context(), number, offset, client()), EVENTS, 200)


def client() -> socket.socket | None:
    """The connection of this request; None where the server does not pass it (gunicorn does)."""
    connection: socket.socket | None = request.environ.get("gunicorn.socket")
    return connection


def too_many(app: str) -> TryLater:
    """The error for a follower when all places are taken."""
    return TryLater(
        f"too many requests follow the deploys of {app}", "Try again, or read the log without following.", 503, 10
    )


def _stream(app: str, lines: Iterator[bytes], content_type: str, status: int) -> Response:
    if connection := client():
        connection.settimeout(STUCK)
    response = Response(lines, status, content_type=f"{content_type}; charset=utf-8")
    # Makes Nginx pass each line on at once.
    # https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffering
    response.headers["X-Accel-Buffering"] = "no"
    response.call_on_close(partial(context().followers.release, app))
    return response


def _text(context: WebContext, number: int, first: str, client: socket.socket | None) -> Iterator[bytes]:
    if first:
        yield first.encode()
    following, last = context.follower.follow(number, is_decided), b"\n"
    while True:
        try:
            lines = next(following)
        except StopIteration as end:
            yield (b"" if last.endswith(b"\n") else b"\n") + outcome(end.value).encode() + b"\n"
            return
        if lines.text:
            last = lines.text
            yield lines.text
        elif is_gone(client):
            return


def _events(context: WebContext, number: int, offset: int, client: socket.socket | None) -> Iterator[bytes]:
    yield b"retry: 2000\n\n"  # milliseconds after which a browser connects again, with Last-Event-ID
    following, sent_at = context.follower.follow(number, is_finished, offset), time.monotonic()
    while True:
        try:
            lines = next(following)
        except StopIteration as end:
            if is_finished(end.value):
                yield _end_event(end.value)
            return
        if lines.text:
            yield _line_events(lines.text, lines.end - len(lines.text))
            sent_at = time.monotonic()
        elif is_gone(client):
            return
        elif time.monotonic() - sent_at >= HEARTBEAT:
            yield b": still here\n\n"
            sent_at = time.monotonic()


def _line_events(text: bytes, offset: int) -> bytes:
    """One event for each line; its id is the offset after the line, from where a follower resumes."""
    events = bytearray()
    for line in text.splitlines(keepends=True):
        offset += len(line)
        events += b"id: %d\ndata: %s\n\n" % (offset, line.rstrip(b"\r\n"))
    return bytes(events)


def _end_event(deploy: Deploy) -> bytes:
    document = {"status": deploy.status, "outcome": outcome(deploy), "superseded_by": deploy.superseded_by}
    return f"event: end\ndata: {json.dumps(document)}\n\n".encode()
