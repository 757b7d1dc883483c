"""Every error is a problem document, or lines for a shell script."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient

from tests.unit.web.conftest import DEPLOYS


def test_script_that_asks_for_plain_text_gets_errors_as_lines(client: FlaskClient, bearer: dict[str, str]) -> None:
    answer = client.post(DEPLOYS, data={"ref": "other"}, headers={**bearer, "Accept": "text/plain"})
    assert answer.content_type.startswith("text/plain")
    assert answer.text.splitlines()[0] == "shop deploys main, not 'other'"


def test_internal_error_is_a_500_without_details(app: Flask, client: FlaskClient) -> None:
    def fault() -> str:
        raise KeyError("a secret")

    app.add_url_rule("/fault", view_func=fault)
    answer = client.get("/fault")
    assert answer.status_code == 500
    assert answer.content_type == "application/problem+json"
    assert "secret" not in answer.text


def test_error_is_a_problem_document(client: FlaskClient, bearer: dict[str, str]) -> None:
    answer = client.get("/api/v1/apps/shpo", headers=bearer)
    assert answer.content_type == "application/problem+json"
    assert answer.json == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "there is no app 'shpo'",
        "remedy": "Did you mean 'shop'?",
    }
