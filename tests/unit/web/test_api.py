"""``/api/v1``."""

from __future__ import annotations

import fcntl
import json
import sqlite3
import time
from contextlib import closing
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hookserver.models import Push, Release, Slot, Status, Step, Trigger
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from hookserver.web.context import MAX_FOLLOWERS

DEPLOYS = "/api/v1/apps/shop/deploys"


def deployed(store: Store, slot: Slot = Slot.BLUE, commit: str = "a" * 40) -> int:
    """One deploy of the shop from push to live."""
    number = store.enqueue(Push("shop", Trigger.API)).deploy
    deploy = store.claim(1)
    assert deploy is not None
    store.begin_step(deploy, Step.FETCH)
    store.record_commit(number, commit)
    store.add_release(Release(number, "shop", commit, "sha256:1", slot, 2))
    store.go_live(number, number, 600)
    store.end(number, Status.LIVE)
    return number


# Who may


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
def test_without_a_valid_token_nothing_is_told_and_nothing_done(
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


def test_a_token_of_one_app_opens_that_app_alone(
    client: FlaskClient, store: Store, shop_bearer: dict[str, str]
) -> None:
    store.enqueue(Push("cellar", Trigger.API))
    assert client.post(DEPLOYS, headers=shop_bearer).status_code == 202
    assert client.get("/api/v1/apps/cellar", headers=shop_bearer).status_code == 401
    assert client.get("/api/v1/deploys/1", headers=shop_bearer).status_code == 401
    assert client.get("/api/v1/deploys/99", headers=shop_bearer).status_code == 404
    listed = client.get("/api/v1/apps", headers=shop_bearer).json
    assert listed is not None
    assert [app["app"] for app in listed["apps"]] == ["shop"]


def test_an_unknown_app_is_404_with_the_nearest_name(client: FlaskClient, bearer: dict[str, str]) -> None:
    answer = client.post("/api/v1/apps/shpo/deploys", headers=bearer)
    assert answer.status_code == 404
    assert answer.json is not None
    assert answer.json["remedy"] == "Did you mean 'shop'?"


# Asking for a deploy


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
def test_a_deploy_is_asked_for_in_json_or_as_a_form(
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


def test_no_body_at_all_means_the_branchs_tip(client: FlaskClient, bearer: dict[str, str]) -> None:
    assert client.post(DEPLOYS, headers=bearer).status_code == 202


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"ref": "other"}, "shop deploys main, not 'other'"),
        ({"ref": "refs/tags/main"}, "shop deploys main"),
        ({"ref": ["main"]}, "shop deploys main"),
        ({"commit": "main"}, "commit is not"),
        ({"commit": "abcdef"}, "commit is not"),
        ({"commit": "--all"}, "commit is not"),
        ({"commit": 1234567}, "commit is not"),
        ({"rebuild": "true"}, "rebuild is neither"),
        ({"rebuild": 1}, "rebuild is neither"),
        ({"trigger": "poll"}, "trigger is none of"),
        ({"Commit": "abcdef1"}, "unknown field 'Commit'"),
    ],
)
def test_what_cannot_be_meant_is_422_and_stores_nothing(
    client: FlaskClient, store: Store, bearer: dict[str, str], document: dict[str, Any], told: str
) -> None:
    answer = client.post(DEPLOYS, json=document, headers=bearer)
    assert answer.status_code == 422
    assert answer.json is not None
    assert told in answer.json["detail"]
    assert store.deploys() == []


def test_an_unknown_field_is_told_with_the_one_that_is_meant(client: FlaskClient, bearer: dict[str, str]) -> None:
    answer = client.post(DEPLOYS, json={"comit": "abcdef1"}, headers=bearer)
    assert answer.json is not None
    assert answer.json["remedy"] == "Did you mean 'commit'?"


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"[]", "application/json", 400),
        (b"{", "application/json", 400),
        (b'{"ref": "main"}', "application/x-www-form-urlencoded", 415),
        (b"ref=main&ref=main", "application/x-www-form-urlencoded", 400),
        (b"ref=%ff", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a%d=1" % n for n in range(30)), "application/x-www-form-urlencoded", 400),
        (b"ref=main", "text/plain", 415),
        (b" " * 70_000, "application/json", 413),
    ],
)
def test_bodies_that_are_no_fields_are_refused(
    client: FlaskClient, bearer: dict[str, str], body: bytes, content_type: str, status: int
) -> None:
    answer = client.post(DEPLOYS, data=body, content_type=content_type, headers=bearer)
    assert answer.status_code == status


@pytest.mark.parametrize("query", ["follow=2", "wait=yes", "follow=1&wait=1"])
def test_an_unclear_query_stores_nothing(client: FlaskClient, store: Store, bearer: dict[str, str], query: str) -> None:
    assert client.post(f"{DEPLOYS}?{query}", headers=bearer).status_code == 422
    assert store.deploys() == []


def test_a_script_that_asks_for_plain_text_gets_errors_as_lines(client: FlaskClient, bearer: dict[str, str]) -> None:
    answer = client.post(DEPLOYS, data={"ref": "other"}, headers={**bearer, "Accept": "text/plain"})
    assert answer.content_type.startswith("text/plain")
    assert answer.text.splitlines()[0] == "shop deploys main, not 'other'"


# Looking


def test_an_app_tells_what_serves_what_stands_by_and_what_waits(
    client: FlaskClient, store: Store, bearer: dict[str, str]
) -> None:
    first, second = deployed(store), deployed(store, Slot.GREEN, "b" * 40)
    waiting = store.enqueue(Push("shop", Trigger.API)).deploy
    store.lock("shop", "stocktaking", "ada")
    shop = client.get("/api/v1/apps/shop", headers=bearer).json
    assert shop is not None
    assert (shop["branch"], shop["domains"], shop["image"]) == ("main", ["shop.example.com"], "acme/shop")
    assert (shop["live"]["deploy"], shop["live"]["commit"], shop["live"]["slot"]) == (second, "b" * 40, "green")
    assert shop["live"]["since"].endswith("Z")
    assert (shop["standby"]["deploy"], shop["standby"]["slot"]) == (first, "blue")
    assert shop["standby"]["retire_at"] > shop["live"]["since"]
    assert (shop["lock"]["reason"], shop["lock"]["by"]) == ("stocktaking", "ada")
    assert shop["queue"] == {"running": None, "waiting": waiting}


def test_an_app_tells_since_when_what_serves_does(client: FlaskClient, store: Store, bearer: dict[str, str]) -> None:
    def since() -> str:
        told = client.get("/api/v1/apps/shop", headers=bearer).json
        assert told is not None
        return str(told["live"]["since"])

    first = deployed(store)
    at_first = since()
    time.sleep(0.002)
    brings_nothing = store.enqueue(Push("shop", Trigger.WEBHOOK)).deploy
    assert store.claim(1)
    store.go_live(brings_nothing, None, 600)
    store.end(brings_nothing, Status.LIVE)
    assert since() == at_first
    deployed(store, Slot.GREEN, "b" * 40)
    back = store.enqueue(Push("shop", Trigger.ROLLBACK, rollback_to=first)).deploy
    assert store.claim(1)
    time.sleep(0.002)
    store.go_live(back, first, 600)
    assert since() > at_first


def test_an_app_that_was_never_deployed_has_nothing_live(client: FlaskClient, bearer: dict[str, str]) -> None:
    cellar = client.get("/api/v1/apps/cellar", headers=bearer).json
    assert cellar is not None
    assert (cellar["live"], cellar["standby"], cellar["lock"]) == (None, None, None)


def test_secrets_and_repository_addresses_are_told_to_nobody(client: FlaskClient, bearer: dict[str, str]) -> None:
    told = client.get("/api/v1/apps", headers=bearer).text
    assert "a secret of the shop" not in told
    assert "git.example.com" not in told


def test_a_deploy_tells_its_steps_and_times(client: FlaskClient, store: Store, bearer: dict[str, str]) -> None:
    number = deployed(store)
    told = client.get(f"/api/v1/deploys/{number}", headers=bearer).json
    assert told is not None
    assert (told["status"], told["commit"], told["log"]) == ("live", "a" * 40, f"/api/v1/deploys/{number}/log")
    assert told["queued_at"] <= told["started_at"] <= told["live_at"] <= told["ended_at"]
    assert [step["step"] for step in told["steps"]] == ["fetch"]
    assert told["steps"][0]["seconds"] >= 0


def test_deploys_are_listed_newest_first_and_as_many_as_asked_for(
    client: FlaskClient, store: Store, bearer: dict[str, str]
) -> None:
    for _ in range(3):
        store.enqueue(Push("shop", Trigger.API))
    listed = client.get(f"{DEPLOYS}?limit=2", headers=bearer).json
    assert listed is not None
    assert [(d["deploy"], d["status"], d["superseded_by"]) for d in listed["deploys"]] == [
        (3, "queued", None),
        (2, "superseded", 3),
    ]
    for limit in ("0", "201", "-1", "x", "9999999"):
        assert client.get(f"{DEPLOYS}?limit={limit}", headers=bearer).status_code == 422


@pytest.mark.parametrize("number", ["99", "0", "9" * 30])
def test_a_deploy_that_is_not_there_is_404(client: FlaskClient, bearer: dict[str, str], number: str) -> None:
    for path in (f"/api/v1/deploys/{number}", f"/api/v1/deploys/{number}/log"):
        assert client.get(path, headers=bearer).status_code == 404


# Rollback, cancel, lock


def test_a_rollback_goes_to_the_release_before_or_to_the_one_that_is_named(
    client: FlaskClient, store: Store, bearer: dict[str, str]
) -> None:
    first, second, _third = deployed(store), deployed(store, Slot.GREEN), deployed(store)
    for body, target in (({}, second), ({"to": first}, first)):
        answer = client.post("/api/v1/apps/shop/rollback", json=body, headers=bearer)
        assert answer.status_code == 202
        assert answer.json is not None
        deploy = store.deploy(answer.json["deploy"])
        assert (deploy.trigger, deploy.rollback_to, deploy.by) == (Trigger.ROLLBACK, target, "ada")
    assert client.post("/api/v1/apps/shop/rollback", data={"to": str(first)}, headers=bearer).status_code == 202


def test_a_rollback_that_cannot_be_is_refused_with_the_reason(
    client: FlaskClient, store: Store, bearer: dict[str, str]
) -> None:
    def status(**body: Any) -> int:
        return client.post("/api/v1/apps/shop/rollback", json=body, headers=bearer).status_code

    assert status() == 409
    live = deployed(store)
    assert status() == 409
    assert status(to=live) == 409
    assert status(to=99) == 404
    for to in ("1", True, 0, -1, 1 << 70, 1.0):
        assert status(to=to) == 422
    deployed(store, Slot.GREEN)
    assert status(to=store.enqueue(Push("cellar", Trigger.API)).deploy) == 404
    store.lock("shop", "stocktaking", "ada")
    assert status() == 409


def test_a_waiting_deploy_is_cancelled_at_once_and_a_running_one_by_the_worker(
    client: FlaskClient, store: Store, bearer: dict[str, str]
) -> None:
    waiting = store.enqueue(Push("shop", Trigger.API)).deploy
    answer = client.post(f"/api/v1/deploys/{waiting}/cancel", headers=bearer)
    assert answer.status_code == 200
    assert store.deploy(waiting).status is Status.CANCELLED
    assert client.post(f"/api/v1/deploys/{waiting}/cancel", headers=bearer).status_code == 409
    running = store.enqueue(Push("shop", Trigger.API)).deploy
    store.claim(1)
    assert client.post(f"/api/v1/deploys/{running}/cancel", headers=bearer).status_code == 202
    assert store.deploy(running).cancel_requested


def test_a_lock_needs_a_reason_and_tells_who_set_it(client: FlaskClient, store: Store, bearer: dict[str, str]) -> None:
    path = "/api/v1/apps/shop/lock"
    for body in ({}, {"reason": ""}, {"reason": " "}, {"reason": "x" * 201}, {"reason": "a\nb"}, {"reason": 7}):
        assert client.put(path, json=body, headers=bearer).status_code == 422
    answer = client.put(path, json={"reason": "stocktaking"}, headers=bearer)
    assert answer.status_code == 200
    lock = store.app("shop").lock
    assert lock is not None
    assert (lock.reason, lock.by) == ("stocktaking", "ada")
    assert client.put(path, json={"reason": "again"}, headers=bearer).status_code == 409
    assert client.post(DEPLOYS, headers=bearer).status_code == 202
    assert client.delete(path, headers=bearer).status_code == 200
    assert store.app("shop").lock is None


# Following


def test_a_followed_deploy_ends_with_its_outcome(
    app: Flask, client: FlaskClient, state: StateDir, store: Store, bearer: dict[str, str]
) -> None:
    cases = [
        (Status.FAILED, "the build failed\nlast lines", "failed: the build failed"),
        (Status.FAILED, "", "failed: the log has the cause"),
        (Status.CANCELLED, "", "cancelled"),
    ]
    for status, reason, last in cases:
        number = store.enqueue(Push("shop", Trigger.API)).deploy
        store.claim(1)
        state.log(number).write_text("-----> Building\n       unfinished")
        store.end(number, status, reason)
        text = client.get(f"/api/v1/deploys/{number}/log?follow=1", headers=bearer).text
        assert text == f"-----> Building\n       unfinished\n{last}\n"


def test_a_superseded_deploy_says_by_which_and_ends(client: FlaskClient, store: Store, bearer: dict[str, str]) -> None:
    store.enqueue(Push("shop", Trigger.API))
    store.enqueue(Push("shop", Trigger.API))
    assert client.get("/api/v1/deploys/1/log?follow=1", headers=bearer).text == "superseded by deploy 2\n"


def test_what_a_follower_waits_for_is_told_first(client: FlaskClient, store: Store, bearer: dict[str, str]) -> None:
    store.lock("shop", "stocktaking", "ada")
    answer = client.post(f"{DEPLOYS}?follow=1", headers=bearer, buffered=False)
    store.cancel(1)
    assert answer.text.splitlines() == [
        "-----> queued as deploy 1",
        " !     shop is locked by ada: stocktaking; the deploy waits for the unlock",
        "cancelled",
    ]
    assert answer.status_code == 202


def test_beyond_the_last_place_a_push_counts_unfollowed_and_who_must_wait_is_turned_away(
    app: Flask, client: FlaskClient, store: Store, bearer: dict[str, str]
) -> None:
    followers = app.extensions["hookserver"].followers
    for _ in range(MAX_FOLLOWERS):
        followers.acquire()
    followed = client.post(f"{DEPLOYS}?follow=1", headers=bearer)
    assert followed.status_code == 202
    assert followed.text.splitlines()[0] == "-----> queued as deploy 1"
    assert followed.text.splitlines()[-1] == "queued"
    for answer in (
        client.post(f"{DEPLOYS}?wait=1", headers=bearer),
        client.get("/api/v1/deploys/1/log?follow=1", headers=bearer),
        client.get("/api/v1/deploys/1/log", headers={**bearer, "Accept": "text/event-stream"}),
    ):
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
    assert len(store.deploys()) == 1


def test_a_place_is_given_back_when_a_follower_leaves_before_the_first_line(
    app: Flask, client: FlaskClient, bearer: dict[str, str]
) -> None:
    for _ in range(MAX_FOLLOWERS + 1):
        client.post(f"{DEPLOYS}?follow=1", headers=bearer, buffered=False).close()
    followers = app.extensions["hookserver"].followers
    assert all(followers.acquire(blocking=False) for _ in range(MAX_FOLLOWERS))


def test_events_carry_the_offset_where_the_next_one_goes_on(
    client: FlaskClient, state: StateDir, store: Store, bearer: dict[str, str]
) -> None:
    number = deployed(store)
    state.log(number).write_text("-----> One\n       zwölf\n")
    headers = {**bearer, "Accept": "text/event-stream"}
    first = client.get(f"/api/v1/deploys/{number}/log", headers=headers)
    assert first.headers["X-Accel-Buffering"] == "no"
    assert first.content_type == "text/event-stream; charset=utf-8"
    retry, one, two, end, rest = first.text.split("\n\n")
    assert (retry, one, two, rest) == (
        "retry: 2000",
        "id: 11\ndata: -----> One",
        "id: 25\ndata:        zwölf",
        "",
    )
    assert end.startswith("event: end\ndata: ")
    assert json.loads(end.partition("data: ")[2])["outcome"] == "live"
    resumed = client.get(f"/api/v1/deploys/{number}/log", headers={**headers, "Last-Event-ID": "11"})
    assert resumed.text.startswith("retry: 2000\n\nid: 25\n")
    for strange in ("x", "-1", "9" * 30, "999999"):
        answer = client.get(f"/api/v1/deploys/{number}/log", headers={**headers, "Last-Event-ID": strange})
        assert "event: end" in answer.text


def test_a_log_that_is_not_there_yet_is_empty(client: FlaskClient, store: Store, bearer: dict[str, str]) -> None:
    store.enqueue(Push("shop", Trigger.API))
    answer = client.get("/api/v1/deploys/1/log", headers=bearer)
    assert (answer.status_code, answer.text) == (200, "")


# Probes


def test_livez_answers_without_a_worker_and_readyz_says_that_it_is_missing(
    client: FlaskClient, state: StateDir
) -> None:
    assert client.get("/livez").status_code == 200
    assert "worker" in client.get("/readyz").text
    assert client.get("/readyz").status_code == 503
    with state.worker_lock.open("wb") as lock:
        assert client.get("/readyz").status_code == 503
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert client.get("/readyz").status_code == 200
    with closing(sqlite3.connect(state.database)) as other:
        other.execute("DROP TABLE tokens")
        other.execute("ALTER TABLE apps RENAME TO gone")
    assert "database" in client.get("/readyz").text


def test_a_fault_of_our_own_is_a_500_that_tells_nothing_of_it(app: Flask, client: FlaskClient) -> None:
    def fault() -> str:
        raise KeyError("a secret")

    app.add_url_rule("/fault", view_func=fault)
    answer = client.get("/fault")
    assert answer.status_code == 500
    assert answer.content_type == "application/problem+json"
    assert "secret" not in answer.text
