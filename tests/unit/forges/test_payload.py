"""Webhook bodies: strict JSON, forms, and the push in them."""

from __future__ import annotations

import json
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookserver.errors import BadRequest, HookserverError
from hookserver.forges import BranchPush, generic, gitea, github, payload
from tests.unit.forges.samples import (
    COMMIT,
    FORM_TYPE,
    JSON_TYPE,
    encoded,
    from_gitea,
    from_github,
    parsed,
)


@pytest.mark.parametrize("form", [b"", b"other=1", b"payload=%7B%7D&payload=%7B%7D", b"xpayload=%7B%7D"])
def test_form_without_exactly_one_payload_is_refused(form: bytes) -> None:
    with pytest.raises(BadRequest):
        github.parse(from_github(form) | FORM_TYPE, form)


@given(st.binary(max_size=300), st.integers(min_value=3, max_value=70))
def test_form_is_decoded_the_same_in_pieces_of_any_size(text: bytes, piece: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(payload, "_FORM_PIECE", piece)
        assert payload.of_form(b"a=1&payload=" + quote_plus(text).encode() + b"&b=2") == text


def test_message_is_the_one_of_the_pushed_tip() -> None:
    others = [{"id": "b" * 40, "message": "older [skip deploy]"}, {"id": COMMIT, "message": "tip"}]
    push = parsed(encoded(head_commit=None, commits=others))
    assert isinstance(push, BranchPush)
    assert push.message == "tip"


@pytest.mark.parametrize("pusher", [None, 7, "ada", {"login": "ada"}, {"username": "ada"}, {"name": "ada\u202e\x07"}])
def test_pushers_name_is_found_in_every_shape_and_is_printable(pusher: object) -> None:
    push = parsed(encoded(pusher=pusher))
    assert isinstance(push, BranchPush)
    assert push.by in ("ada", "")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[]", id="list"),
        pytest.param(b'"text"', id="text"),
        pytest.param(b"{}", id="no ref"),
        pytest.param(b'{"ref": null}', id="ref null"),
        pytest.param(b'{"ref": ["refs/heads/main"]}', id="ref list"),
        pytest.param(b'{"ref": "refs/heads/main", "x": NaN}', id="NaN"),
        pytest.param(b'{"ref": "refs/heads/main", "x": -Infinity}', id="infinity"),
        pytest.param(b'{"ref": "refs/heads/main", "x": ' + b"9" * 5000 + b"}", id="huge number"),
        pytest.param(b'{"ref": "refs/heads/main", "ref": "refs/heads/other"}', id="key twice"),
        pytest.param(b"[" * 100_000, id="nested lists"),
        pytest.param(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, id="nested objects"),
        pytest.param(b'\xef\xbb\xbf{"ref": "refs/heads/main"}', id="BOM"),
        pytest.param(b'{"ref": "refs/heads/\xff"}', id="invalid UTF-8"),
        pytest.param('{"ref": "refs/heads/main"}'.encode("utf-16"), id="UTF-16"),
        pytest.param(b'{"ref": "refs/heads/main", "after": 7}', id="after no text"),
        pytest.param(b'{"ref": "refs/heads/main", "after": "HEAD"}', id="after no commit"),
        pytest.param(b'{"ref": "refs/heads/main", "after": "--upload-pack=id"}', id="after an option"),
    ],
)
def test_signed_call_that_cannot_be_understood_is_a_bad_request(body: bytes) -> None:
    for forge, headers in ((github, from_github(body)), (gitea, from_gitea(body)), (generic, JSON_TYPE)):
        with pytest.raises(BadRequest) as refused:
            forge.parse(headers, body)
        assert refused.value.http_status in (400, 422)


@pytest.mark.parametrize(
    "name",
    [
        "--upload-pack=id",
        "-x",
        "$(id)",
        "`id`",
        "a;id",
        "a|id",
        "a&id",
        "a>b",
        'a"b',
        "a'b",
        "a b",
        "../../etc",
        "a..b",
        "a\x00b",
        "a\r\nb",
        "a@{1}",
        "x" * 4096,
        "a\u202eb",
        "a\u200fb",
        "a\ud800b",
        "a.lock",
        "a.lock/b",
        "",
        "/",
        "a//b",
        "a~1",
        "a^",
        "a:b",
        "a?",
        "a*",
        "a[b",
        "a\\b",
        "a.",
        ".a",
    ],
)
def test_ref_that_git_does_not_allow_is_refused(name: str) -> None:
    for ref in (f"refs/heads/{name}", f"refs/tags/{name}", name):
        with pytest.raises(BadRequest) as refused:
            parsed(json.dumps({"ref": ref}).encode())
        assert refused.value.http_status == 422


@given(st.text(max_size=40))
def test_any_ref_is_a_push_or_a_bad_request(name: str) -> None:
    for ref in (f"refs/heads/{name}", name):
        try:
            push = parsed(json.dumps({"ref": ref}).encode())
        except BadRequest:
            continue
        assert isinstance(push, BranchPush)
        assert push.branch.isprintable()


@given(st.binary(max_size=200))
def test_any_body_is_refused_without_a_fault(body: bytes) -> None:
    for forge, headers in ((github, from_github(body)), (gitea, from_gitea(body)), (generic, JSON_TYPE)):
        for kind in (JSON_TYPE, FORM_TYPE):
            with pytest.raises(HookserverError):
                forge.parse({**headers, **kind}, body)


def test_addresses_in_a_payload_are_ignored() -> None:
    assert "ext::" not in repr(parsed(encoded()))
