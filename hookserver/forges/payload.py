"""Webhook bodies: strict JSON, the form that may contain it, and a push in the shape that GitHub introduced."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import unquote_to_bytes

from hookserver.config.values import is_branch
from hookserver.errors import BadRequest
from hookserver.forges.push import BranchPush, Ignored
from hookserver.models import SKIP
from hookserver.plain_text import one_line, plain

_COMMIT = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})")
# Git allows these in a branch's name, but a script that gets the name may not quote it.
_SHELL = re.compile(r"[$`;|&<>\"'\s]")
_REF_LIMIT = 300
_NAME_LIMIT = 100
_FORM_PIECE = 64 << 10


def is_form(headers: Mapping[str, str]) -> bool:
    """Whether the body is a form with the JSON in its field ``payload``."""
    return headers.get("content-type", "").partition(";")[0].strip().lower() == "application/x-www-form-urlencoded"


def of_form(body: bytes) -> bytes:
    """The field ``payload`` of a form; empty when it is not there exactly once.

    It is decoded piece by piece: ``unquote_to_bytes`` makes an object of each escape, so that a whole body of escapes
    would take thirty times its size in memory.
    """
    fields = [field for field in body.split(b"&", 9) if field.startswith(b"payload=")]
    value = fields[0].removeprefix(b"payload=") if len(fields) == 1 else b""
    decoded, start = bytearray(), 0
    while start < len(value):
        end = start + _FORM_PIECE
        cut = value.rfind(b"%", end - 2, end)
        end = end if cut == -1 else cut
        decoded += unquote_to_bytes(value[start:end].replace(b"+", b" "))
        start = end
    return bytes(decoded)


def read_json(body: bytes) -> dict[str, Any]:
    """The body as a JSON object. Raises BadRequest for anything that is not exactly one."""
    try:
        document = json.loads(
            # NaN and Infinity are no JSON (RFC 8259), but json.loads() accepts them.
            body.decode(),
            parse_constant=_refuse_constant,
            object_pairs_hook=_object_without_duplicates,
        )
    except UnicodeDecodeError as error:
        raise BadRequest(f"the body is not UTF-8: byte {error.start}", "Send JSON in UTF-8.") from error
    except RecursionError as error:
        raise BadRequest("the body is not JSON: nested too deeply", "Send fewer levels.") from error
    except ValueError as error:
        raise BadRequest(f"the body is not JSON: {str(error)[:200]}", "Send one JSON object.") from error
    if not isinstance(document, dict):
        raise BadRequest("the body is JSON, but not an object", "Send one JSON object.")
    return document


def push_of(document: Mapping[str, Any], delivery: str) -> BranchPush | Ignored:
    """The push in a document of GitHub's shape: ``ref``, ``after``, ``deleted``, ``head_commit``, ``pusher``.

    Raises BadRequest (422) for a ref or a commit that git does not allow.
    """
    kind, name = _split_ref(document.get("ref"))
    if kind != "heads":
        return Ignored(f"{kind}/{name} is not a branch")
    commit = _commit(document.get("after"))
    if document.get("deleted") is True or (commit and not commit.strip("0")):
        return Ignored(f"branch {name} was deleted")
    message = _tip_message(document, commit)
    if SKIP in message.lower():
        return Ignored(f"the commit's message says {SKIP}")
    return BranchPush(name, commit, _pusher(document), message, delivery)


def _split_ref(ref: object) -> tuple[str, str]:
    """``refs/heads/main`` → ("heads", "main"). Raises BadRequest for a ref that git does not allow."""
    if not isinstance(ref, str):
        raise BadRequest("ref is missing or not a text", 'Such as "refs/heads/main".', 422)
    kind, _, name = ref.removeprefix("refs/").partition("/")
    is_sound = ref.startswith("refs/") and len(ref) <= _REF_LIMIT and kind.isalpha() and kind.isascii()
    if not is_sound or not is_branch(name) or not name.isprintable() or _SHELL.search(name):
        raise BadRequest("ref is not the name of a branch or a tag", 'Such as "refs/heads/main".', 422)
    return kind, name


def _commit(after: object) -> str:
    if after is None:
        return ""
    if not isinstance(after, str) or not _COMMIT.fullmatch(after):
        raise BadRequest("after is not a commit", "Send its full id: 40 or 64 hexadecimal digits, in lower case.", 422)
    return after


def _tip_message(document: Mapping[str, Any], commit: str) -> str:
    commits = document.get("commits")
    candidates = [document.get("head_commit"), *(commits if isinstance(commits, list) else ())]
    for candidate in candidates:
        if isinstance(candidate, dict) and candidate.get("id") == commit:
            message = candidate.get("message")
            return plain(message) if isinstance(message, str) else ""
    return ""


def _pusher(document: Mapping[str, Any]) -> str:
    pusher = document.get("pusher")
    names = [pusher.get(key) for key in ("login", "username", "name")] if isinstance(pusher, dict) else [pusher]
    name = next((name for name in names if isinstance(name, str) and name), "")
    return one_line(name[:_NAME_LIMIT])


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _object_without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a key is in one object twice")
    return document
