"""Gitea, and Forgejo, which sends Gitea's headers with the same values beside its own.

``X-Gitea-Signature`` is bare hexadecimal over the JSON text, also when a form carries that text.
Without a secret the header is there and empty. https://docs.gitea.com/usage/repository/webhooks
"""

from __future__ import annotations

from collections.abc import Mapping

from hookserver.forges import payload, signature
from hookserver.forges.push import BranchPush, Ignored


def is_mine(headers: Mapping[str, str]) -> bool:
    """Whether one of the three headers that only Gitea and Forgejo send is there."""
    return any(f"x-gitea-{name}" in headers for name in ("event", "signature", "delivery"))


def is_signed(headers: Mapping[str, str], body: bytes, secrets: tuple[str, ...]) -> bool:
    """Whether 64 digits sign the JSON text."""
    return signature.is_signed(secrets, _json_text(headers, body), headers.get("x-gitea-signature"))


def parse(headers: Mapping[str, str], body: bytes) -> BranchPush | Ignored:
    """A push to a branch; all other events are ignored, the deletion of a branch among them.

    Raises BadRequest, Unauthorized.
    """
    event = signature.one(headers, "x-gitea-event")
    if event != "push":
        return Ignored(f"event {event[:50]} requests no deploy")
    document = payload.read_json(_json_text(headers, body))
    return payload.push_of(document, signature.delivery(headers, "x-gitea-delivery"))


def _json_text(headers: Mapping[str, str], body: bytes) -> bytes:
    return payload.of_form(body) if payload.is_form(headers) else body
