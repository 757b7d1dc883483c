"""The objects that the requests of one process share."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient

from hookserver.web.context import context
from tests.unit.web.conftest import SECRET


def test_unknown_app_is_404_with_the_nearest_name(client: FlaskClient, bearer: dict[str, str]) -> None:
    answer = client.post("/api/v1/apps/shpo/deploys", headers=bearer)
    assert answer.status_code == 404
    assert answer.json is not None
    assert answer.json["remedy"] == "Did you mean 'shop'?"


def test_app_without_a_secret_gets_random_ones(app: Flask) -> None:
    with app.app_context():
        shared = context()
        assert shared.secrets(shared.settings.apps["shop"]) == (SECRET, shared.no_secret)
        unknown = {shared.secrets(shared.settings.apps["cellar"]), shared.secrets(None)}
    assert unknown == {(shared.no_secret, shared.no_secret)}
    assert len(shared.no_secret) >= 32
    assert shared.no_secret not in repr(shared)
