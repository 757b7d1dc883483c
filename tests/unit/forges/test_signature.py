"""Signatures, and headers that count only when they were sent once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookserver import forges
from hookserver.errors import BadRequest, Unauthorized
from hookserver.forges import generic, gitea, github, signature
from tests.unit.forges.samples import (
    FORM_TYPE,
    JSON_TYPE,
    SECRET,
    encoded,
    from_gitea,
    from_github,
    sign,
)


def test_githubs_published_example_is_signed() -> None:
    digits = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    headers = {"x-hub-signature-256": f"sha256={digits}"}
    assert github.is_signed(headers, b"Hello, World!", (SECRET,))
    assert signature.is_signed((SECRET,), b"Hello, World!", digits)


@pytest.mark.parametrize(
    "given_signature",
    [
        pytest.param(None, id="missing"),
        pytest.param("", id="empty"),
        pytest.param("sha256=", id="prefix alone"),
        pytest.param(sign(b"{}"), id="no prefix"),
        pytest.param(f"SHA256={sign(b'{}')}", id="wrong case of prefix"),
        pytest.param(f"sha1={sign(b'{}')}", id="other prefix"),
        pytest.param(f"sha256={sign(b'{}')[:63]}", id="63 digits"),
        pytest.param(f"sha256={sign(b'{}')}0", id="65 digits"),
        pytest.param(f"sha256={sign(b'{}').upper()}", id="upper case"),
        pytest.param(f"sha256={sign(b'{}')[:-1]}\u0665", id="not ASCII"),
        pytest.param(f"sha256={sign(b'{}')}\n", id="line end"),
        pytest.param(f"sha256={sign(b'{}')},sha256={sign(b'{}')}", id="sent twice"),
        pytest.param(f"sha256={sign(b'{}', 'of another app')}", id="secret of another app"),
        pytest.param(f"sha256={sign(b'[]')}", id="of another body"),
    ],
)
def test_only_the_right_signature_is_accepted(given_signature: str | None) -> None:
    for forge, header in ((github, "x-hub-signature-256"), (generic, "x-hookserver-signature")):
        headers = {} if given_signature is None else {header: given_signature}
        assert not forge.is_signed(headers, b"{}", (SECRET,))


def test_signature_with_either_of_two_secrets_is_accepted() -> None:
    digits = sign(b"{}", SECRET)
    assert signature.is_signed((SECRET, "another"), b"{}", digits)
    assert signature.is_signed(("another", SECRET), b"{}", digits)
    assert not signature.is_signed(("another", "a third one"), b"{}", digits)


def test_no_signature_is_right_for_an_empty_secret() -> None:
    for headers in (from_github(b"{}"), from_gitea(b"{}"), {"x-hookserver-signature": f"sha256={sign(b'{}', '')}"}):
        forge = forges.find(headers)
        assert forge is not None
        assert not forge.is_signed(headers, b"{}", ("",))
    assert not gitea.is_signed({"x-gitea-signature": ""}, b"{}", ("",))


@given(st.text(max_size=80), st.binary(max_size=80))
def test_signature_is_checked_without_ever_raising(text: str, body: bytes) -> None:
    for kind in (JSON_TYPE, FORM_TYPE):
        for header in ("x-hub-signature-256", "x-gitea-signature", "x-hookserver-signature"):
            for forge in forges.FORGES:
                forge.is_signed({**kind, header: text}, body, (SECRET,))


@pytest.mark.parametrize("header", ["x-github-event", "x-github-delivery"])
def test_header_that_was_sent_twice_is_refused(header: str) -> None:
    body = encoded()
    headers = from_github(body)
    with pytest.raises(Unauthorized):
        github.parse(headers | {header: f"{headers[header]},other"}, body)


@pytest.mark.parametrize("delivery", ["x" * 129, "a b", "a\x00", "é", "../x"])
def test_delivery_id_is_short_and_plain(delivery: str) -> None:
    body = encoded()
    with pytest.raises(BadRequest):
        github.parse(from_github(body) | {"x-github-delivery": delivery}, body)


def test_header_that_must_be_there_is_named_when_it_is_missing() -> None:
    with pytest.raises(BadRequest, match="x-github-event is missing"):
        signature.one({"x-github-event": ""}, "x-github-event")
    assert signature.delivery({}, "x-github-delivery") == ""
