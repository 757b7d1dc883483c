"""Bearer tokens: without a valid one a caller learns nothing."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from hookserver.models import Push, Trigger
from hookserver.store import Store
from tests.unit.web.conftest import DEPLOYS


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
    store.enqueue(Push("cellar", Trigger.API))
    assert client.post(DEPLOYS, headers=shop_bearer).status_code == 202
    assert client.get("/api/v1/apps/cellar", headers=shop_bearer).status_code == 401
    assert client.get("/api/v1/deploys/1", headers=shop_bearer).status_code == 401
    assert client.get("/api/v1/deploys/99", headers=shop_bearer).status_code == 404
    listed = client.get("/api/v1/apps", headers=shop_bearer).json
    assert listed is not None
    assert [app["app"] for app in listed["apps"]] == ["shop"]
