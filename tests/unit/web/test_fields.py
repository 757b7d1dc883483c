"""The fields of bodies and queries: their types, and every mistake in one answer."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hookserver.models import Slot, Trigger
from hookserver.store import Store
from tests.unit.web.conftest import DEPLOYS, deployed


@pytest.mark.parametrize(
    ("fields", "commit", "rebuild", "trigger"),
    [
        ({}, "", False, Trigger.API),
        ({"ref": "main"}, "", False, Trigger.API),
        ({"ref": "refs/heads/main", "rebuild": True}, "", True, Trigger.API),
        ({"commit": "ABCDEF1", "rebuild": False}, "abcdef1", False, Trigger.API),
        ({"ref": "main", "trigger": "git-push"}, "", False, Trigger.GIT_PUSH),
    ],
)
def test_deploy_is_requested_in_json_or_as_a_form(
    client: FlaskClient,
    store: Store,
    bearer: dict[str, str],
    fields: dict[str, Any],
    commit: str,
    rebuild: bool,
    trigger: Trigger,
) -> None:
    form = {name: str(value).lower() if isinstance(value, bool) else value for name, value in fields.items()}
    for answer in (client.post(DEPLOYS, json=fields, headers=bearer), client.post(DEPLOYS, data=form, headers=bearer)):
        assert answer.status_code == 202
        assert answer.json is not None
        assert answer.json["status"] == "queued"
        deploy = store.deploy(answer.json["deploy"])
        assert answer.headers["Location"] == f"/api/v1/deploys/{deploy.number}"
        assert (deploy.requested_commit, deploy.rebuild, deploy.trigger, deploy.by) == (commit, rebuild, trigger, "ada")


def test_request_without_a_body_deploys_the_branchs_tip(client: FlaskClient, bearer: dict[str, str]) -> None:
    assert client.post(DEPLOYS, headers=bearer).status_code == 202


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"ref": "other"}, "shop deploys main, not 'other'"),
        ({"ref": "refs/tags/main"}, "shop deploys main"),
        ({"ref": ["main"]}, "shop deploys main"),
        ({"commit": "main"}, "commit is not"),
        ({"commit": "abcdef"}, "commit is not"),
        ({"commit": "--all"}, "commit is not"),
        ({"commit": 1234567}, "commit is not"),
        ({"rebuild": "true"}, "rebuild is not true or false"),
        ({"rebuild": 1}, "rebuild is not true or false"),
        ({"trigger": "poll"}, 'trigger is not "api" or "git-push"'),
        ({"Commit": "abcdef1"}, "unknown field 'Commit'"),
    ],
)
def test_wrong_field_is_422_and_stores_nothing(
    client: FlaskClient, store: Store, bearer: dict[str, str], document: dict[str, Any], message: str
) -> None:
    answer = client.post(DEPLOYS, json=document, headers=bearer)
    assert answer.status_code == 422
    assert answer.json is not None
    assert message in answer.json["detail"]
    assert store.deploys() == []


@pytest.mark.parametrize(
    "body", [r'{"\udfff": 1}', r'{"reason": "\ud800"}', r'{"commit": "\ud800"}', r'{"ref": "\ud800"}']
)
def test_half_of_a_surrogate_pair_is_a_wrong_field(client: FlaskClient, bearer: dict[str, str], body: str) -> None:
    for method, path in (("POST", DEPLOYS), ("PUT", "/api/v1/apps/shop/lock"), ("POST", "/api/v1/apps/shop/rollback")):
        for accept in ("application/json", "text/plain"):
            headers = {**bearer, "Accept": accept, "Content-Type": "application/json"}
            assert client.open(path, method=method, data=body, headers=headers).status_code == 422


def test_unknown_field_is_reported_with_the_nearest_known_one(client: FlaskClient, bearer: dict[str, str]) -> None:
    answer = client.post(DEPLOYS, json={"comit": "abcdef1"}, headers=bearer)
    assert answer.json is not None
    assert answer.json["remedy"] == "Did you mean 'commit'?"


@pytest.mark.parametrize("query", ["follow=2", "wait=yes", "follow=1&wait=1"])
def test_wrong_query_stores_nothing(client: FlaskClient, store: Store, bearer: dict[str, str], query: str) -> None:
    assert client.post(f"{DEPLOYS}?{query}", headers=bearer).status_code == 422
    assert store.deploys() == []


def test_all_mistakes_are_in_one_answer(client: FlaskClient, bearer: dict[str, str]) -> None:
    wrong = {"ref": "other", "commit": "main", "rebuild": 1, "trigger": "poll", "Commit": "abcdef1", "x": 1}
    answer = client.post(DEPLOYS, json=wrong, headers=bearer)
    assert answer.status_code == 422
    assert answer.content_type == "application/problem+json"
    assert answer.json is not None
    assert {error["field"] for error in answer.json["errors"]} == set(wrong)
    assert all(error["detail"] in answer.json["detail"] for error in answer.json["errors"])
    assert "Did you mean 'commit'?" in answer.json["remedy"]
    assert "Known fields: ref, commit, rebuild, trigger." in answer.json["remedy"]


def test_form_writes_numbers_and_booleans_as_text_and_json_does_not(
    client: FlaskClient, store: Store, bearer: dict[str, str]
) -> None:
    first = deployed(store)
    deployed(store, Slot.GREEN)
    path = "/api/v1/apps/shop/rollback"
    assert client.post(path, data={"to": str(first)}, headers=bearer).status_code == 202
    assert client.post(path, json={"to": str(first)}, headers=bearer).status_code == 422
    assert client.post(path, data={"to": "soon"}, headers=bearer).status_code == 422
    assert client.post(DEPLOYS, data={"rebuild": "maybe"}, headers=bearer).status_code == 422


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(["ref", "commit", "rebuild", "trigger", "to", "reason"]) | st.text(max_size=9)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.dictionaries(NAMES, JSON_VALUES, max_size=4), st.booleans())
def test_missing_fields_are_an_internal_error(
    client: FlaskClient, bearer: dict[str, str], given_fields: dict[str, Any], as_text: bool
) -> None:
    headers = {**bearer, "Accept": "text/plain"} if as_text else bearer
    for method, path in (
        ("POST", DEPLOYS),
        ("POST", "/api/v1/apps/shop/rollback"),
        ("PUT", "/api/v1/apps/cellar/lock"),
        ("POST", "/api/v1/deploys/1/cancel"),
    ):
        answer = client.open(path, method=method, json=given_fields, headers=headers)
        assert answer.status_code in (200, 202, 400, 404, 409, 422)


def test_body_of_unknown_fields_alone_is_answered_with_some_of_them(
    client: FlaskClient, bearer: dict[str, str]
) -> None:
    answer = client.post(DEPLOYS, json={"x" * 100 + str(number): 1 for number in range(500)}, headers=bearer)
    assert answer.status_code == 422
    assert len(answer.data) < 10_000
