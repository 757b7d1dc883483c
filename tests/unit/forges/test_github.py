"""GitHub's push webhook."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_plus

import pytest

from hookserver.errors import BadRequest
from hookserver.forges import BranchPush, Ignored, gitea, github
from tests.unit.forges.samples import (
    COMMIT,
    FORM_TYPE,
    SECRET,
    encoded,
    from_gitea,
    from_github,
)


def test_github_signs_the_form_as_it_is_sent() -> None:
    text = encoded(head_commit={"id": COMMIT, "message": "100 % tea + \u2603"})
    form = b"payload=" + quote_plus(text).encode()
    headers = from_github(form) | FORM_TYPE
    assert github.is_signed(headers, form, (SECRET,))
    assert not github.is_signed(from_github(text) | FORM_TYPE, form, (SECRET,))
    assert github.parse(headers, form) == BranchPush("main", COMMIT, "ada", "100 % tea + \u2603", "d-1")


def test_push_has_branch_commit_pusher_message_and_delivery() -> None:
    body = encoded()
    assert github.parse(from_github(body), body) == BranchPush("main", COMMIT, "ada", "Sell tea", "d-1")


@pytest.mark.parametrize(
    ("event", "changes", "reason"),
    [
        ("ping", {}, "ping"),
        ("issues", {}, "issues"),
        ("delete", {"ref": "main", "ref_type": "branch"}, "delete"),
        ("push", {"ref": "refs/tags/v1.0"}, "tags/v1.0 is not a branch"),
        ("push", {"deleted": True, "after": "0" * 40}, "main was deleted"),
        ("push", {"after": "0" * 40}, "main was deleted"),
        ("push", {"after": "0" * 64}, "main was deleted"),
        ("push", {"head_commit": {"id": COMMIT, "message": "Typo\n\n[Skip Deploy]"}}, "[skip deploy]"),
    ],
)
def test_call_without_a_deploy_is_ignored_with_the_reason(event: str, changes: dict[str, Any], reason: str) -> None:
    body = encoded(**changes)
    answer = github.parse(from_github(body, event), body)
    assert isinstance(answer, Ignored)
    assert reason in answer.reason
    assert isinstance(gitea.parse(from_gitea(body, event), body), Ignored)


def test_call_without_an_event_is_a_bad_request() -> None:
    with pytest.raises(BadRequest, match="x-github-event is missing"):
        github.parse({"x-hub-signature-256": "sha256="}, b"{}")
