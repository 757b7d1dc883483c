"""A deploy's log over HTTP: read, followed as text, followed as events."""

from __future__ import annotations

import json

from flask import Flask
from flask.testing import FlaskClient

from hookserver.models import Push, Status, Trigger
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from hookserver.web.followers import MAX_FOLLOWERS_OF_AN_APP
from tests.unit.web.conftest import DEPLOYS, deployed


def test_followed_deploy_ends_with_its_outcome(
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


def test_superseded_deploy_says_by_which_and_ends(client: FlaskClient, store: Store, bearer: dict[str, str]) -> None:
    store.enqueue(Push("shop", Trigger.API))
    store.enqueue(Push("shop", Trigger.API))
    assert client.get("/api/v1/deploys/1/log?follow=1", headers=bearer).text == "superseded by deploy 2\n"


def test_follower_learns_first_that_the_app_is_locked(
    client: FlaskClient, store: Store, bearer: dict[str, str]
) -> None:
    store.lock("shop", "stocktaking", "ada")
    answer = client.post(f"{DEPLOYS}?follow=1", headers=bearer, buffered=False)
    store.cancel(1)
    assert answer.text.splitlines() == [
        "-----> queued as deploy 1",
        " !     shop is locked by ada: stocktaking; the deploy waits for the unlock",
        "cancelled",
    ]
    assert answer.status_code == 202


def test_push_without_a_followers_place_is_stored_and_a_wait_is_refused(
    app: Flask, client: FlaskClient, store: Store, bearer: dict[str, str]
) -> None:
    followers = app.extensions["hookserver"].followers
    while followers.acquire("shop"):
        pass
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


def test_place_is_given_back_when_a_follower_leaves_before_the_first_line(
    app: Flask, client: FlaskClient, bearer: dict[str, str]
) -> None:
    for _ in range(MAX_FOLLOWERS_OF_AN_APP + 1):
        client.post(f"{DEPLOYS}?follow=1", headers=bearer, buffered=False).close()
    followers = app.extensions["hookserver"].followers
    assert all(followers.acquire("shop") for _ in range(MAX_FOLLOWERS_OF_AN_APP))


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


def test_log_that_is_not_there_yet_is_empty(client: FlaskClient, store: Store, bearer: dict[str, str]) -> None:
    store.enqueue(Push("shop", Trigger.API))
    answer = client.get("/api/v1/deploys/1/log", headers=bearer)
    assert (answer.status_code, answer.text) == (200, "")
