"""The two tables and the eight traps of what forges send."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookserver import forges
from hookserver.errors import BadRequest, HookserverError, Unauthorized
from hookserver.forges import BranchPush, Ignored, generic, gitea, github, payload, signature

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


# Signatures


def test_githubs_published_check_value_holds() -> None:
    digits = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    headers = {"x-hub-signature-256": f"sha256={digits}"}
    assert github.is_signed(headers, b"Hello, World!", SECRET)
    assert signature.is_signed(SECRET, b"Hello, World!", digits)


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
def test_only_the_right_signature_is_taken(given_signature: str | None) -> None:
    for forge, header in ((github, "x-hub-signature-256"), (generic, "x-hookserver-signature")):
        headers = {} if given_signature is None else {header: given_signature}
        assert not forge.is_signed(headers, b"{}", SECRET)


def test_no_signature_is_right_for_an_empty_secret() -> None:
    for headers in (from_github(b"{}"), from_gitea(b"{}"), {"x-hookserver-signature": f"sha256={sign(b'{}', '')}"}):
        forge = forges.find(headers)
        assert forge is not None
        assert not forge.is_signed(headers, b"{}", "")
    assert not gitea.is_signed({"x-gitea-signature": ""}, b"{}", "")


@pytest.mark.parametrize("given_signature", ["", "sha256=" + sign(b"{}"), sign(b"{}")[:63], sign(b"{}") + "0"])
def test_giteas_signature_is_64_bare_digits(given_signature: str) -> None:
    assert gitea.is_signed({"x-gitea-signature": sign(b"{}")}, b"{}", SECRET)
    assert not gitea.is_signed({"x-gitea-signature": given_signature}, b"{}", SECRET)


@given(st.text(max_size=80), st.binary(max_size=80))
def test_a_signature_is_checked_without_ever_raising(text: str, body: bytes) -> None:
    for kind in (JSON_TYPE, FORM_TYPE):
        for header in ("x-hub-signature-256", "x-gitea-signature", "x-hookserver-signature"):
            for forge in forges.FORGES:
                forge.is_signed({**kind, header: text}, body, SECRET)


# Which forge


def test_giteas_call_is_giteas_though_it_bears_githubs_headers() -> None:
    assert forges.find(from_gitea(b"{}")) is gitea


def test_forgejos_call_is_read_as_giteas_whose_headers_it_sends_too() -> None:
    body = encoded()
    headers = from_gitea(body)
    headers |= {name.replace("gitea", "forgejo"): value for name, value in headers.items() if "gitea" in name}
    assert forges.find(headers) is gitea
    assert gitea.is_signed(headers, body, SECRET)
    assert gitea.parse(headers, body) == BranchPush("main", COMMIT, "ada", "Sell tea", "g-1")


def test_githubs_and_our_own_headers_are_told_apart_and_others_are_nobodys() -> None:
    assert forges.find(from_github(b"{}")) is github
    assert forges.find({"x-hookserver-signature": "sha256="}) is generic
    assert forges.find({"x-gitlab-token": "secret"}) is None
    assert forges.find({}) is None


# What is pushed


def test_a_push_tells_branch_commit_pusher_message_and_delivery() -> None:
    body = encoded()
    assert github.parse(from_github(body), body) == BranchPush("main", COMMIT, "ada", "Sell tea", "d-1")
    assert gitea.parse(from_gitea(body), body) == BranchPush("main", COMMIT, "ada", "Sell tea", "g-1")


def test_any_other_sender_needs_to_tell_no_more_than_the_ref() -> None:
    body = b'{"ref": "refs/heads/feature/tea"}'
    headers = {**JSON_TYPE, "x-hookserver-signature": f"sha256={sign(body)}", "x-hookserver-delivery": "42"}
    assert generic.is_signed(headers, body, SECRET)
    assert generic.parse(headers, body) == BranchPush("feature/tea", delivery="42")
    with pytest.raises(BadRequest) as refused:
        generic.parse({**headers, **FORM_TYPE}, b"payload=%7B%7D")
    assert refused.value.http_status == 415


def test_github_signs_the_raw_form_and_gitea_the_json_inside_it() -> None:
    text = encoded(head_commit={"id": COMMIT, "message": "100 % tea + \u2603"})
    form = b"payload=" + quote_plus(text).encode()
    headers = from_github(form) | FORM_TYPE
    assert github.is_signed(headers, form, SECRET)
    assert not github.is_signed(from_github(text) | FORM_TYPE, form, SECRET)
    assert github.parse(headers, form) == BranchPush("main", COMMIT, "ada", "100 % tea + \u2603", "d-1")

    headers = from_gitea(form, signed=text) | FORM_TYPE
    assert gitea.is_signed(headers, form, SECRET)
    assert not gitea.is_signed(from_gitea(form) | FORM_TYPE, form, SECRET)
    assert isinstance(gitea.parse(headers, form), BranchPush)


@pytest.mark.parametrize("form", [b"", b"other=1", b"payload=%7B%7D&payload=%7B%7D", b"xpayload=%7B%7D"])
def test_a_form_without_exactly_one_payload_is_refused(form: bytes) -> None:
    with pytest.raises(BadRequest):
        github.parse(from_github(form) | FORM_TYPE, form)


@given(st.binary(max_size=300), st.integers(min_value=3, max_value=70))
def test_a_form_is_decoded_the_same_in_pieces_of_any_size(text: bytes, piece: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(payload, "_FORM_PIECE", piece)
        assert payload.of_form(b"a=1&payload=" + quote_plus(text).encode() + b"&b=2") == text


def test_the_message_is_the_one_of_the_pushed_tip() -> None:
    others = [{"id": "b" * 40, "message": "older [skip deploy]"}, {"id": COMMIT, "message": "tip"}]
    said = parsed(encoded(head_commit=None, commits=others))
    assert isinstance(said, BranchPush)
    assert said.message == "tip"


@pytest.mark.parametrize("pusher", [None, 7, "ada", {"login": "ada"}, {"username": "ada"}, {"name": "ada\u202e\x07"}])
def test_the_pushers_name_comes_in_many_shapes_and_is_shown_without_tricks(pusher: object) -> None:
    said = parsed(encoded(pusher=pusher))
    assert isinstance(said, BranchPush)
    assert said.by in ("ada", "")


# What is ignored, with the reason


@pytest.mark.parametrize(
    ("event", "changes", "reason"),
    [
        ("ping", {}, "ping"),
        ("issues", {}, "issues"),
        ("delete", {"ref": "main", "ref_type": "branch"}, "delete"),
        ("push", {"ref": "refs/tags/v1.0"}, "tags/v1.0 is no branch"),
        ("push", {"deleted": True, "after": "0" * 40}, "main was deleted"),
        ("push", {"after": "0" * 40}, "main was deleted"),
        ("push", {"after": "0" * 64}, "main was deleted"),
        ("push", {"head_commit": {"id": COMMIT, "message": "Typo\n\n[Skip Deploy]"}}, "[skip deploy]"),
    ],
)
def test_what_asks_for_no_deploy_is_ignored_with_the_reason(event: str, changes: dict[str, Any], reason: str) -> None:
    body = encoded(**changes)
    said = github.parse(from_github(body, event), body)
    assert isinstance(said, Ignored)
    assert reason in said.reason
    assert isinstance(gitea.parse(from_gitea(body, event), body), Ignored)


# What cannot be understood


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
def test_a_genuine_call_that_makes_no_sense_is_a_bad_request(body: bytes) -> None:
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
def test_a_ref_that_no_sound_repository_has_is_refused(name: str) -> None:
    for ref in (f"refs/heads/{name}", f"refs/tags/{name}", name):
        with pytest.raises(BadRequest) as refused:
            parsed(json.dumps({"ref": ref}).encode())
        assert refused.value.http_status == 422


@given(st.text(max_size=40))
def test_no_ref_is_more_than_a_bad_request(name: str) -> None:
    for ref in (f"refs/heads/{name}", name):
        try:
            said = parsed(json.dumps({"ref": ref}).encode())
        except BadRequest:
            continue
        assert isinstance(said, BranchPush)
        assert said.branch.isprintable()


@given(st.binary(max_size=200))
def test_no_body_is_more_than_a_bad_request(body: bytes) -> None:
    for forge, headers in ((github, from_github(body)), (gitea, from_gitea(body)), (generic, JSON_TYPE)):
        for kind in (JSON_TYPE, FORM_TYPE):
            with pytest.raises(HookserverError):
                forge.parse({**headers, **kind}, body)


@pytest.mark.parametrize("header", ["x-github-event", "x-github-delivery"])
def test_a_header_that_came_twice_is_not_trusted(header: str) -> None:
    body = encoded()
    headers = from_github(body)
    with pytest.raises(Unauthorized):
        github.parse(headers | {header: f"{headers[header]},other"}, body)


@pytest.mark.parametrize("delivery", ["x" * 129, "a b", "a\x00", "é", "../x"])
def test_a_delivery_id_is_short_and_plain(delivery: str) -> None:
    body = encoded()
    with pytest.raises(BadRequest):
        github.parse(from_github(body) | {"x-github-delivery": delivery}, body)


def test_a_call_without_an_event_is_a_bad_request() -> None:
    with pytest.raises(BadRequest, match="x-github-event is missing"):
        github.parse({"x-hub-signature-256": "sha256="}, b"{}")


def test_the_addresses_in_a_payload_are_read_by_nobody() -> None:
    assert "ext::" not in repr(parsed(encoded()))
