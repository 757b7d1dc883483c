"""A push from any other sender."""

from __future__ import annotations

import pytest

from hookserver.errors import BadRequest
from hookserver.forges import BranchPush, generic
from tests.unit.forges.samples import (
    FORM_TYPE,
    JSON_TYPE,
    SECRET,
    sign,
)


def test_any_other_sender_needs_to_send_only_the_ref() -> None:
    body = b'{"ref": "refs/heads/feature/tea"}'
    headers = {**JSON_TYPE, "x-hookserver-signature": f"sha256={sign(body)}", "x-hookserver-delivery": "42"}
    assert generic.is_signed(headers, body, (SECRET,))
    assert generic.parse(headers, body) == BranchPush("feature/tea", delivery="42")
    with pytest.raises(BadRequest) as refused:
        generic.parse({**headers, **FORM_TYPE}, b"payload=%7B%7D")
    assert refused.value.http_status == 415
