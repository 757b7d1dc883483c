"""Any other sender: ``X-Hookserver-Signature: sha256=<hex>`` over a JSON body with at least ``ref``.

With ``openssl``: ``printf 'sha256=%s' "$(openssl dgst -sha256 -hmac "$SECRET" -r < body.json | cut -c1-64)"``.
"""

from __future__ import annotations

from collections.abc import Mapping

from hookserver.errors import BadRequest
from hookserver.forges import payload, signature
from hookserver.forges.push import BranchPush, Ignored


def is_mine(headers: Mapping[str, str]) -> bool:
    """Whether hookserver's own header is there."""
    return "x-hookserver-signature" in headers


def is_signed(headers: Mapping[str, str], body: bytes, secrets: tuple[str, ...]) -> bool:
    """Whether ``sha256=`` and 64 digits sign the body as it was sent."""
    return signature.is_signed(secrets, body, headers.get("x-hookserver-signature"), prefix="sha256=")


def parse(headers: Mapping[str, str], body: bytes) -> BranchPush | Ignored:
    """A push in GitHub's shape, of which only ``ref`` is needed. Raises BadRequest, Unauthorized."""
    if payload.is_form(headers):
        raise BadRequest("the body is a form", "Send JSON: Content-Type: application/json.", 415)
    return payload.push_of(payload.read_json(body), signature.delivery(headers, "x-hookserver-delivery"))
