"""The OpenAPI document describes the calls that there are, and their answers are as it says."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hookserver.models import Push, Scope, Slot, Trigger
from hookserver.store import Store
from hookserver.web import openapi
from tests.unit.web.conftest import deployed


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/openapi.json").json
    assert isinstance(answer, dict)
    return answer


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(method, path, one) for path, item in document["paths"].items() for method, one in item.items()]


def test_document_has_each_route_and_no_other(app: Flask, document: dict[str, Any]) -> None:
    routes = {
        (method.lower(), re.sub(r"<(?:[^<>]*:)?(\w+)>", "{}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if method not in ("HEAD", "OPTIONS")
    }
    assert {(method, re.sub(r"\{\w+\}", "{}", path)) for method, path, _ in operations(document)} == routes


def test_each_operation_is_described(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    for _, path, operation in operations(document):
        assert operation["summary"].endswith("."), path
        assert {one["name"] for one in operation["parameters"] if one["in"] == "path"} == set(
            re.findall(r"\{(\w+)\}", path)
        )
        assert all("$ref" in one or one["description"] for one in operation["responses"].values())


def test_each_reference_leads_to_a_component(document: dict[str, Any]) -> None:
    references = set(re.findall(r'"\$ref": "#/components/([^"]+)"', json.dumps(document)))
    components = {f"{kind}/{name}" for kind, found in document["components"].items() for name in found}
    assert len(references) > 20
    assert references <= components


def test_each_scope_is_the_one_that_is_needed(client: FlaskClient, store: Store, document: dict[str, Any]) -> None:
    store.enqueue(Push("shop", Trigger.API))
    bearers = {scope: {"Authorization": f"Bearer {store.create_token(scope, 'shop', scope)}"} for scope in Scope}
    for method, path, operation in operations(document):
        needed = [one["token"][0] for one in operation.get("security", ()) if "token" in one]
        for scope, headers in bearers.items():
            url = path.format(app="shop", number=1)
            body = None if method == "get" else {"ref": "refs/heads/main"}
            refused = client.open(url, method=method, headers=headers, json=body).status_code == 403
            assert refused is not all(scope.includes(Scope(one)) for one in needed), (method, path, scope)


def test_only_probes_and_the_document_itself_need_no_token(document: dict[str, Any]) -> None:
    public = {path for _, path, operation in operations(document) if not operation.get("security")}
    assert public == {"/livez", "/readyz", "/openapi.json"}


def test_examples_are_accepted(
    client: FlaskClient, store: Store, bearer: dict[str, str], document: dict[str, Any]
) -> None:
    tried = 0
    for _ in range(7):
        deployed(store, Slot.BLUE)
    deployed(store, Slot.GREEN)
    for method, path, operation in operations(document):
        schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        for example in schema.get("examples", ()):
            answer = client.open(path.format(app="shop"), method=method, json=example, headers=bearer)
            assert answer.status_code in (200, 202), (path, example, answer.text)
            if path.endswith("/lock"):
                store.unlock("shop")
            tried += 1
    assert tried == 5


def test_document_is_made_once(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    first = client.get("/openapi.json").data
    monkeypatch.setattr(openapi, "document", pytest.fail)
    assert client.get("/openapi.json").data == first
