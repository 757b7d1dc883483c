"""GitHub: ``X-Hub-Signature-256`` over the raw body, also when that is a form.

https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

from __future__ import annotations

from collections.abc import Mapping

from hookserver.forges import payload, signature
from hookserver.forges.push import BranchPush, Ignored


def is_mine(headers: Mapping[str, str]) -> bool:
    """Whether GitHub's headers are there. Gitea, Forgejo and Gogs send them too: compare theirs before."""
    return "x-github-event" in headers or "x-hub-signature-256" in headers


def is_signed(headers: Mapping[str, str], body: bytes, secrets: tuple[str, ...]) -> bool:
    """Whether ``sha256=`` and 64 digits sign the body as it was sent."""
    return signature.is_signed(secrets, body, headers.get("x-hub-signature-256"), prefix="sha256=")


def parse(headers: Mapping[str, str], body: bytes) -> BranchPush | Ignored:
    """A push to a branch; pings and all other events are ignored. Raises BadRequest, Unauthorized."""
    event = signature.one(headers, "x-github-event")
    if event == "ping":
        return Ignored("ping: the webhook works")
    if event != "push":
        return Ignored(f"event {event[:50]} requests no deploy")
    document = payload.read_json(payload.of_form(body) if payload.is_form(headers) else body)
    return payload.push_of(document, signature.delivery(headers, "x-github-delivery"))
