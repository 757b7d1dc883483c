"""Calls as the forges send them."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from hookserver.forges import BranchPush, Ignored, github

SECRET = "It's a Secret to Everybody"
COMMIT = "a" * 40
PUSH: dict[str, Any] = {
    "ref": "refs/heads/main",
    "after": COMMIT,
    "deleted": False,
    "pusher": {"name": "ada", "email": "ada@example.com"},
    "head_commit": {"id": COMMIT, "message": "Sell tea"},
    "repository": {"clone_url": "ext::sh -c id"},
}
JSON_TYPE = {"content-type": "application/json"}
FORM_TYPE = {"content-type": "application/x-www-form-urlencoded"}


def sign(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def from_github(body: bytes, event: str = "push", **headers: str) -> dict[str, str]:
    signed = {"x-github-event": event, "x-hub-signature-256": f"sha256={sign(body)}", "x-github-delivery": "d-1"}
    return {**JSON_TYPE, **signed, **headers}


def from_gitea(body: bytes, event: str = "push", signed: bytes | None = None) -> dict[str, str]:
    """All that Gitea sends: GitHub's headers are among them."""
    digits = sign(body if signed is None else signed)
    return {
        **JSON_TYPE,
        "x-gitea-event": event,
        "x-gitea-delivery": "g-1",
        "x-gitea-signature": digits,
        "x-gogs-event": event,
        "x-gogs-delivery": "g-1",
        "x-gogs-signature": digits,
        "x-github-event": event,
        "x-github-delivery": "g-1",
        "x-hub-signature": "sha1=" + "0" * 40,
        "x-hub-signature-256": f"sha256={digits}",
    }


def encoded(**changes: Any) -> bytes:
    return json.dumps({**PUSH, **changes}).encode()


def parsed(body: bytes) -> BranchPush | Ignored:
    return github.parse(from_github(body), body)
