"""``POST /hooks/<app>``."""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr
from werkzeug.datastructures import Headers

from hookserver.config import Settings
from hookserver.models import Status, Trigger
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from hookserver.web import create_app, flood
from tests.unit.web.conftest import SECRET

COMMIT = "c" * 40
PUSH: dict[str, Any] = {"ref": "refs/heads/main", "after": COMMIT, "pusher": {"name": "ada"}}


def sign(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def github(body: bytes, secret: str = SECRET, event: str = "push", delivery: str = "d-1") -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": delivery,
        "X-Hub-Signature-256": sign(body, secret),
    }


BAD = github(b"{}", "of nobody")


def encoded(**changes: Any) -> bytes:
    return json.dumps({**PUSH, **changes}).encode()


def test_push_to_the_branch_is_queued_before_it_is_acknowledged(client: FlaskClient, store: Store) -> None:
    answer = client.post("/hooks/shop", data=encoded(), headers=github(encoded()))
    assert answer.status_code == 202
    assert answer.json == {"deploy": 1, "status": "queued"}
    deploy = store.deploy(1)
    assert (deploy.app, deploy.status, deploy.trigger, deploy.by) == ("shop", Status.QUEUED, Trigger.WEBHOOK, "ada")


def test_commit_of_a_payload_is_never_what_gets_deployed(client: FlaskClient, store: Store) -> None:
    client.post("/hooks/shop", data=encoded(), headers=github(encoded()))
    assert store.deploy(1).commit == ""


def test_same_delivery_again_is_a_duplicate_with_the_deploys_number(client: FlaskClient, store: Store) -> None:
    client.post("/hooks/shop", data=encoded(), headers=github(encoded()))
    answer = client.post("/hooks/shop", data=encoded(), headers=github(encoded()))
    assert answer.status_code == 200
    assert answer.json is not None
    assert (answer.json["status"], answer.json["deploy"]) == ("duplicate", 1)
    assert len(store.deploys()) == 1


@pytest.mark.parametrize(
    ("event", "changes", "reason"),
    [
        ("ping", {}, "ping"),
        ("push", {"ref": "refs/heads/other"}, "shop deploys main, not other"),
        ("push", {"ref": "refs/tags/v1"}, "not a branch"),
        ("push", {"deleted": True, "after": "0" * 40}, "deleted"),
        ("push", {"head_commit": {"id": COMMIT, "message": "x [skip deploy]"}}, "[skip deploy]"),
        ("release", {}, "release"),
    ],
)
def test_event_without_a_deploy_is_200_with_the_reason(
    client: FlaskClient, store: Store, event: str, changes: dict[str, Any], reason: str
) -> None:
    body = encoded(**changes)
    answer = client.post("/hooks/shop", data=body, headers=github(body, event=event))
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["status"] == "ignored"
    assert reason in answer.json["reason"]
    assert store.deploys() == []


def test_unknown_app_one_without_a_secret_and_a_bad_signature_are_answered_the_same(
    client: FlaskClient, store: Store
) -> None:
    body = encoded()
    answers = [
        client.post("/hooks/shop", data=body, headers=github(body, secret="another")),
        client.post("/hooks/nosuch", data=body, headers=github(body)),
        client.post("/hooks/cellar", data=body, headers=github(body, secret="")),
        client.post("/hooks/shop", data=body, headers={"Content-Type": "application/json"}),
        client.post("/hooks/nosuch", data=body, headers={"Content-Type": "application/json"}),
        client.post("/hooks/shop", data=b"no json", headers=github(b"else")),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.data for answer in answers}) == 1
    assert len({tuple(answer.headers) for answer in answers}) == 1
    assert answers[0].headers["WWW-Authenticate"].startswith("Bearer")
    assert store.deploys() == []


def test_unknown_app_one_without_a_secret_and_a_bad_signature_cost_the_same_work(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests: list[bytes] = []

    def counted(secret: bytes, body: bytes, digest: Any) -> hmac.HMAC:
        digests.append(body)
        return hmac.HMAC(secret, body, digest)

    monkeypatch.setattr("hookserver.forges.signature.hmac.new", counted)
    work = set()
    for app in ("shop", "nosuch", "cellar"):
        digests.clear()
        assert client.post(f"/hooks/{app}", data=b"{}", headers=BAD).status_code == 401
        work.add(tuple(digests))
    assert work == {(b"{}", b"{}")}


def test_secret_can_be_changed_without_a_lost_push(settings: Settings, store: Store) -> None:
    """Both are valid while the file has both, and the old one is not valid once it is taken out."""
    new = "the secret that is to come"

    def status(secrets: str, secret: str, delivery: str) -> int:
        apps = {"shop": settings.apps["shop"].model_copy(update={"webhook_secret": SecretStr(secrets)})}
        client = create_app(settings.model_copy(update={"apps": apps}), store).test_client()
        return client.post(
            "/hooks/shop", data=encoded(), headers=github(encoded(), secret, delivery=delivery)
        ).status_code

    assert (status(SECRET, SECRET, "1"), status(SECRET, new, "2")) == (202, 401)
    both = f"{new}\n{SECRET}"
    assert (status(both, SECRET, "3"), status(both, new, "4"), status(both, both, "5")) == (202, 202, 401)
    assert (status(new, SECRET, "6"), status(new, new, "7")) == (401, 202)


@pytest.mark.parametrize("twice", ["X-Hub-Signature-256", "X-GitHub-Event", "X-GitHub-Delivery"])
def test_header_that_is_sent_twice_is_refused(client: FlaskClient, twice: str) -> None:
    headers = Headers(github(encoded()))
    headers.add(twice, headers[twice])
    assert client.post("/hooks/shop", data=encoded(), headers=headers).status_code == 401


def test_sender_that_is_no_known_forge_may_bear_a_token(
    client: FlaskClient, store: Store, shop_bearer: dict[str, str]
) -> None:
    headers = {"Content-Type": "application/json", "X-Hookserver-Delivery": "7", **shop_bearer}
    assert client.post("/hooks/shop", data=encoded(), headers=headers).status_code == 202
    assert client.post("/hooks/shop", data=encoded(), headers=headers).json == {
        "status": "duplicate",
        "deploy": 1,
        "reason": "this delivery is already stored",
    }
    assert client.post("/hooks/cellar", data=encoded(), headers=headers).status_code == 401
    assert client.post("/hooks/shop", data=encoded(), headers={**headers, "X-GitHub-Event": "push"}).status_code == 401


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        ("text/plain", None),
        ("multipart/form-data; boundary=x", None),
        ("application/octet-stream", None),
        ("", None),
        ("application/json", "gzip"),
    ],
)
def test_body_that_is_neither_json_nor_a_form_is_415(
    client: FlaskClient, content_type: str, encoding: str | None
) -> None:
    headers = github(encoded()) | {"Content-Type": content_type} | ({"Content-Encoding": encoding} if encoding else {})
    assert client.post("/hooks/shop", data=encoded(), headers=headers).status_code == 415


def test_body_of_more_than_25_mb_is_413(client: FlaskClient) -> None:
    body = b" " * ((25 << 20) + 1)
    assert client.post("/hooks/shop", data=body, headers=github(b"")).status_code == 413


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_405(client: FlaskClient, method: str) -> None:
    answer = client.open("/hooks/shop", method=method)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'{"ref": 1}', b"[" * 100_000, b"\xff"])
def test_signed_call_that_makes_no_sense_is_reported_so(client: FlaskClient, body: bytes) -> None:
    answer = client.post("/hooks/shop", data=body, headers=github(body))
    assert answer.status_code in (400, 422)
    assert answer.content_type == "application/problem+json"


def test_flood_of_bad_signatures_is_429_while_signed_pushes_still_pass(client: FlaskClient) -> None:
    bad = github(b"{}", secret="guess")
    answers = [client.post("/hooks/shop", data=b"{}", headers=bad) for _ in range(flood.LIMIT + 5)]
    assert [answer.status_code for answer in answers] == [401] * flood.LIMIT + [429] * 5
    assert 0 < int(answers[-1].headers["Retry-After"]) <= flood.WINDOW
    assert client.post("/hooks/shop", data=encoded(), headers=github(encoded())).status_code == 202
    elsewhere = client.post("/hooks/shop", data=b"{}", headers=bad, environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
    assert elsewhere.status_code == 401


def test_forged_address_does_not_avoid_the_count(client: FlaskClient) -> None:
    for number in range(flood.LIMIT):
        client.post("/hooks/shop", data=b"{}", headers={**github(b""), "X-Forwarded-For": f"192.0.2.{number}"})
    assert client.post("/hooks/shop", data=b"{}", headers=github(b"")).status_code == 429


def test_push_that_cannot_be_stored_is_503_and_never_acknowledged(
    client: FlaskClient, state: StateDir, store: Store
) -> None:
    with closing(sqlite3.connect(state.database)) as other:
        other.execute("CREATE TRIGGER no_room AFTER INSERT ON deploys BEGIN SELECT RAISE(ABORT, 'no room'); END")
    answer = client.post("/hooks/shop", data=encoded(), headers=github(encoded()))
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert store.deploys() == []
