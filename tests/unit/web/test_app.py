"""Headers and rules of every answer."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient


def test_every_answer_is_kept_out_of_caches(client: FlaskClient) -> None:
    for answer in (client.get("/livez"), client.get("/nosuch"), client.post("/hooks/shop")):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/livez", "/hooks/shop", "/api/v1/apps"])
def test_no_route_answers_options(client: FlaskClient, path: str) -> None:
    assert client.options(path).status_code == 405


def test_document_is_one_line_with_its_keys_in_order(client: FlaskClient, bearer: dict[str, str]) -> None:
    text = client.get("/api/v1/apps/shop", headers=bearer).text
    assert text.startswith('{"app": "shop", "branch": "main"')
    assert text.count("\n") == 1
