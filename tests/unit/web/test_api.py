"""``/api/v1``: what is shown, and what is stored."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from hookserver.models import Push, Slot, Status, Trigger
from hookserver.store import Store
from tests.unit.web.conftest import DEPLOYS, WebClock, deployed


def test_app_shows_its_live_release_its_standby_and_its_queue(
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


def test_app_shows_since_when_its_release_is_live(
    client: FlaskClient, store: Store, clock: WebClock, bearer: dict[str, str]
) -> None:
    def since() -> str:
        answer = client.get("/api/v1/apps/shop", headers=bearer).json
        assert answer is not None
        return str(answer["live"]["since"])

    first = deployed(store)
    at_first = since()
    clock.added += 60
    brings_nothing = store.enqueue(Push("shop", Trigger.WEBHOOK)).deploy
    assert store.claim(1)
    store.go_live(brings_nothing, None, 600)
    store.end(brings_nothing, Status.LIVE)
    assert since() == at_first
    deployed(store, Slot.GREEN, "b" * 40)
    back = store.enqueue(Push("shop", Trigger.ROLLBACK, rollback_to=first)).deploy
    assert store.claim(1)
    clock.added += 60
    store.go_live(back, first, 600)
    assert since() > at_first


def test_app_that_was_never_deployed_has_nothing_live(client: FlaskClient, bearer: dict[str, str]) -> None:
    cellar = client.get("/api/v1/apps/cellar", headers=bearer).json
    assert cellar is not None
    assert (cellar["live"], cellar["standby"], cellar["lock"]) == (None, None, None)


def test_secrets_and_repository_addresses_are_never_shown(client: FlaskClient, bearer: dict[str, str]) -> None:
    answer = client.get("/api/v1/apps", headers=bearer).text
    assert "a secret of the shop" not in answer
    assert "git.example.com" not in answer


def test_deploy_shows_its_steps_and_times(client: FlaskClient, store: Store, bearer: dict[str, str]) -> None:
    number = deployed(store)
    answer = client.get(f"/api/v1/deploys/{number}", headers=bearer).json
    assert answer is not None
    assert (answer["status"], answer["commit"], answer["log"]) == ("live", "a" * 40, f"/api/v1/deploys/{number}/log")
    assert answer["queued_at"] <= answer["started_at"] <= answer["live_at"] <= answer["ended_at"]
    assert [step["step"] for step in answer["steps"]] == ["fetch"]
    assert answer["steps"][0]["seconds"] >= 0


def test_deploys_are_listed_newest_first_up_to_the_limit(
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
def test_deploy_that_is_not_there_is_404(client: FlaskClient, bearer: dict[str, str], number: str) -> None:
    for path in (f"/api/v1/deploys/{number}", f"/api/v1/deploys/{number}/log"):
        assert client.get(path, headers=bearer).status_code == 404


def test_rollback_goes_to_the_release_before_or_to_the_one_that_is_named(
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


def test_rollback_that_cannot_be_is_refused_with_the_reason(
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


def test_waiting_deploy_is_cancelled_at_once_and_a_running_one_by_the_worker(
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


def test_lock_needs_a_reason_and_has_its_person(client: FlaskClient, store: Store, bearer: dict[str, str]) -> None:
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
