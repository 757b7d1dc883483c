"""Request bodies: read with a limit, also without a Content-Length; the fields of JSON and forms."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from flask import request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from hookserver.errors import BadRequest
from hookserver.forges import payload

_PIECE = _FIELDS_LIMIT = 64 << 10
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def read(limit: int) -> bytes:
    """The whole body, JSON or form, of at most ``limit`` bytes.

    Raises BadRequest (415, 413 or 400).
    """
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", ""):
        raise BadRequest(f"Content-Encoding {encoding[:30]} is not supported", "Send the body uncompressed.", 415)
    if request.mimetype not in (JSON, FORM):
        raise BadRequest("the body is neither JSON nor a form", f"Send Content-Type: {JSON}.", 415)
    # Flask refuses a larger Content-Length, and a chunked body once it has sent as much.
    # https://flask.palletsprojects.com/en/stable/api/#flask.Request.max_content_length
    request.max_content_length = limit
    try:
        body = _read_stream()
    except RequestEntityTooLarge as error:
        size = f"{limit >> 20} MB" if limit >> 20 else f"{limit >> 10} kB"
        raise BadRequest(f"the body is over {size}", "Send a smaller one.", 413) from error
    except ParseException as error:
        raise BadRequest(f"the body's chunks cannot be read: {error}", "Send it with a Content-Length.") from error
    except (ClientDisconnected, OSError):
        body = b""
    if len(body) < (request.content_length or 0):
        raise BadRequest("the body is incomplete: the connection ended early", "Send it again.")
    return body


def read_fields() -> tuple[dict[str, Any], bool]:
    """The fields of a small body, none when there is no body, and whether it is JSON, else a form.

    Raises BadRequest (415, 413 or 400).
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
    """Without a read after the last byte of a known length: that one raises RequestEntityTooLarge at the limit."""
    body, length = bytearray(), request.content_length
    while len(body) != length and (piece := request.stream.read(_PIECE)):
        body += piece
    return bytes(body)
