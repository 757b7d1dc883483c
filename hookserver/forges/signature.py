"""HMAC-SHA256 signatures in hexadecimal, and headers that count only when they were sent once."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping

from hookserver.errors import BadRequest, Unauthorized

_HEX = re.compile(r"[0-9a-f]{64}")
_DELIVERY = re.compile(r"[A-Za-z0-9._:-]{1,128}")


def is_signed(secrets: tuple[str, ...], body: bytes, given: str | None, prefix: str = "") -> bool:
    """Whether ``given`` is ``prefix`` and the 64 digits that sign ``body`` with one of ``secrets``.

    The time does not depend on which secret it is, nor on the digits.
    """
    if given is None or not given.startswith(prefix) or not _HEX.fullmatch(given, len(prefix)):
        return False
    # An empty secret would make everybody's signature valid.
    wanted = [hmac.new(secret.encode(), body, hashlib.sha256).hexdigest() for secret in secrets if secret]
    return any(hmac.compare_digest(given[len(prefix) :], digits) for digits in wanted)


def one(headers: Mapping[str, str], name: str) -> str:
    """The value of a header that must be there once.

    Raises BadRequest when it is missing, Unauthorized when it was sent twice: WSGI servers join the values by a comma
    (RFC 9110, section 5.3).
    """
    value = headers.get(name, "")
    if "," in value:
        raise Unauthorized(f"{name} was sent twice", "Send it once; does a proxy add it again?")
    if not value:
        raise BadRequest(f"{name} is missing", "Does a proxy between the forge and hookserver remove headers?")
    return value


def delivery(headers: Mapping[str, str], name: str) -> str:
    """The forge's id of this call; "" when it sends none. Raises BadRequest, Unauthorized."""
    if not headers.get(name):
        return ""
    value = one(headers, name)
    if not _DELIVERY.fullmatch(value):
        raise BadRequest(f"{name} is not a delivery id", "Send 128 characters at most: letters, digits and ._:- only.")
    return value
