"""Gitea's and Forgejo's push webhook."""

from __future__ import annotations

from urllib.parse import quote_plus

import pytest

from hookserver import forges
from hookserver.forges import BranchPush, Ignored, gitea
from tests.unit.forges.samples import (
    COMMIT,
    FORM_TYPE,
    SECRET,
    encoded,
    from_gitea,
    sign,
)


@pytest.mark.parametrize("given_signature", ["", "sha256=" + sign(b"{}"), sign(b"{}")[:63], sign(b"{}") + "0"])
def test_giteas_signature_is_64_bare_digits(given_signature: str) -> None:
    assert gitea.is_signed({"x-gitea-signature": sign(b"{}")}, b"{}", (SECRET,))
    assert not gitea.is_signed({"x-gitea-signature": given_signature}, b"{}", (SECRET,))


def test_call_of_forgejo_is_read_by_giteas_headers() -> None:
    body = encoded()
    headers = from_gitea(body)
    headers |= {name.replace("gitea", "forgejo"): value for name, value in headers.items() if "gitea" in name}
    assert forges.find(headers) is gitea
    assert gitea.is_signed(headers, body, (SECRET,))
    assert gitea.parse(headers, body) == BranchPush("main", COMMIT, "ada", "Sell tea", "g-1")


def test_gitea_signs_the_json_inside_a_form() -> None:
    text = encoded(head_commit={"id": COMMIT, "message": "100 % tea + \u2603"})
    form = b"payload=" + quote_plus(text).encode()
    headers = from_gitea(form, signed=text) | FORM_TYPE
    assert gitea.is_signed(headers, form, (SECRET,))
    assert not gitea.is_signed(from_gitea(form) | FORM_TYPE, form, (SECRET,))
    assert gitea.parse(headers, form) == BranchPush("main", COMMIT, "ada", "100 % tea + \u2603", "g-1")


def test_push_has_branch_commit_pusher_message_and_delivery() -> None:
    body = encoded()
    assert gitea.parse(from_gitea(body), body) == BranchPush("main", COMMIT, "ada", "Sell tea", "g-1")


@pytest.mark.parametrize("event", ["delete", "create", "issues"])
def test_another_event_is_ignored_by_its_name(event: str) -> None:
    assert gitea.parse(from_gitea(encoded(), event), encoded()) == Ignored(f"event {event} requests no deploy")
