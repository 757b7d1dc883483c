"""Bearer tokens: without a valid one a caller learns nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from flask.testing import FlaskClient

from hookserver.models import Push, Scope, Status, Trigger
from hookserver.state.state_dir import StateDir
from hookserver.store import Store, Token
from hookserver.web import auth
from tests.unit.web.conftest import DEPLOYS, WebClock


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", DEPLOYS),
        ("POST", "/api/v1/apps/nosuch/deploys"),
        ("POST", "/api/v1/apps/shop/rollback"),
        ("POST", "/api/v1/deploys/1/cancel"),
        ("GET", "/api/v1/apps"),
        ("GET", "/api/v1/apps/shop"),
        ("GET", DEPLOYS),
        ("GET", "/api/v1/deploys/1"),
        ("GET", "/api/v1/deploys/99"),
        ("GET", "/api/v1/deploys/1/log"),
        ("PUT", "/api/v1/apps/shop/lock"),
        ("DELETE", "/api/v1/apps/shop/lock"),
    ],
)
@pytest.mark.parametrize(
    "authorization", [None, "Bearer wrong", "Bearer ", "Basic YTpi", "Bearer é", "Bearer " + "x" * 999]
)
def test_call_without_a_valid_token_learns_nothing_and_does_nothing(
    client: FlaskClient, store: Store, method: str, path: str, authorization: str | None
) -> None:
    store.enqueue(Push("shop", Trigger.API))
    headers = {"Authorization": authorization} if authorization else {}
    answer = client.open(path, method=method, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json is not None
    assert answer.json["detail"] == "no valid token"
    assert len(store.deploys()) == 1


def test_token_of_one_app_is_valid_for_that_app_only(
    client: FlaskClient, store: Store, shop_bearer: dict[str, str]
) -> None:
    assert client.post(DEPLOYS, headers=shop_bearer).status_code == 202
    assert client.get("/api/v1/apps/cellar", headers=shop_bearer).status_code == 401
    assert client.post("/api/v1/apps/cellar/deploys", headers=shop_bearer).status_code == 401
    listed = client.get("/api/v1/apps", headers=shop_bearer).json
    assert listed is not None
    assert [app["app"] for app in listed["apps"]] == ["shop"]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("GET", "/log"), ("GET", "/log?follow=1"), ("POST", "/cancel")]
)
def test_deploy_of_another_app_is_answered_as_one_that_is_not_there(
    client: FlaskClient, store: Store, shop_bearer: dict[str, str], method: str, path: str
) -> None:
    foreign = store.enqueue(Push("cellar", Trigger.API)).deploy
    given, unknown = (
        client.open(f"/api/v1/deploys/{number}{path}", method=method, headers=shop_bearer) for number in (foreign, 7)
    )
    assert given.status_code == unknown.status_code == 404
    assert given.text.replace(f"deploy {foreign}", "deploy 7") == unknown.text
    assert [*given.headers] == [*unknown.headers]
    assert store.deploy(foreign).status is Status.QUEUED


CALLS = [
    (Scope.READ, "GET", "/api/v1/apps"),
    (Scope.READ, "GET", "/api/v1/apps/shop"),
    (Scope.READ, "GET", DEPLOYS),
    (Scope.READ, "GET", "/api/v1/deploys/1"),
    (Scope.READ, "GET", "/api/v1/deploys/1/log"),
    (Scope.DEPLOY, "POST", DEPLOYS),
    (Scope.DEPLOY, "POST", "/api/v1/apps/shop/rollback"),
    (Scope.DEPLOY, "POST", "/api/v1/deploys/1/cancel"),
    (Scope.DEPLOY, "POST", "/hooks/shop"),
    (Scope.ADMIN, "PUT", "/api/v1/apps/shop/lock"),
    (Scope.ADMIN, "DELETE", "/api/v1/apps/shop/lock"),
]


@pytest.mark.parametrize(("needed", "method", "path"), CALLS)
def test_call_needs_its_scope(client: FlaskClient, store: Store, needed: Scope, method: str, path: str) -> None:
    store.enqueue(Push("shop", Trigger.API))
    body = {"ref": "refs/heads/main"} if path.startswith("/hooks") else {}
    for scope in Scope:
        headers = {"Authorization": f"Bearer {store.create_token(scope, 'shop', scope)}"}
        answer = client.open(path, method=method, headers=headers, json=None if method == "GET" else body)
        assert (answer.status_code == 403) is not scope.includes(needed)
        if answer.status_code == 403:
            assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
            assert answer.json is not None
            assert answer.json["remedy"].endswith(f"--scope {needed}`.")
            assert len(store.deploys()) == 1
            assert store.deploy(1).status is Status.QUEUED


def test_token_that_has_expired_is_not_valid(client: FlaskClient, store: Store, clock: WebClock) -> None:
    headers = {"Authorization": f"Bearer {store.create_token('ci', expires=60.0)}"}
    assert client.get("/api/v1/apps", headers=headers).status_code == 200
    clock.added += 61.0
    assert client.get("/api/v1/apps", headers=headers).status_code == 401
    assert client.post(DEPLOYS, headers=headers).status_code == 401


def test_last_use_is_recorded_and_not_at_each_call(
    client: FlaskClient, store: Store, clock: WebClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"Authorization": f"Bearer {store.create_token('ci')}"}
    recorded: list[str] = []
    record_use = store.record_use

    def counted(token: Token) -> None:
        recorded.append(token.name)
        record_use(token)

    monkeypatch.setattr(store, "record_use", counted)
    for _ in range(5):
        assert client.get("/api/v1/apps", headers=headers, buffered=True).status_code == 200
    assert recorded == ["ci"]
    assert store.tokens()[0].used_at == pytest.approx(clock(), abs=30)
    monkeypatch.setattr(auth, "USE_INTERVAL", 0.0)
    client.get("/api/v1/apps", headers=headers, buffered=True)
    assert recorded == ["ci", "ci"]


def test_use_that_cannot_be_recorded_fails_no_call(client: FlaskClient, state: StateDir, store: Store) -> None:
    headers = {"Authorization": f"Bearer {store.create_token('ci')}"}
    with closing(sqlite3.connect(state.database)) as other:
        other.execute("CREATE TRIGGER no_room BEFORE UPDATE ON tokens BEGIN SELECT RAISE(ABORT, 'no room'); END")
    assert client.get("/api/v1/apps", headers=headers, buffered=True).status_code == 200
    assert store.tokens()[0].used_at is None
