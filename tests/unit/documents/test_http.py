"""The table of HTTP calls is the URL map; calls elsewhere in the documents are in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.exceptions import MethodNotAllowed, NotFound

from hookserver import config
from hookserver.config import Settings
from hookserver.models import Scope
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from hookserver.web import create_app
from tests.unit.documents.pages import page, pages, spans


@pytest.fixture
def settings(state: StateDir) -> Settings:
    text = f'[server]\nstate_dir = "{state.root}"\n[apps.shop]\nrepository = "push"\ndomains = ["shop.example.com"]\n'
    return config.parse(text, Path("hookserver.toml")).settings


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    store = Store(settings.server.state)
    store.sync_apps(settings.apps)
    yield store
    store.close()


@pytest.fixture
def app(settings: Settings, store: Store) -> Flask:
    return create_app(settings, store)


def test_table_has_every_call(app: Flask) -> None:
    (table,) = page("deploy/README.md").section("HTTP API").tables()
    documented = {tuple(spans(row[0])[0].split()) for row in table.rows}
    rules = {
        (method, re.sub(r"<(?:[^<>]*:)?(\w+)>", r"<\1>", rule.rule).replace("<name>", "<app>"))
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if method not in ("HEAD", "OPTIONS") and rule.endpoint != "static"
    }
    assert documented == rules


def test_addresses_in_the_documents_are_answered(app: Flask) -> None:
    urls = app.url_map.bind("127.0.0.1")
    calls = [span for one in pages() for span in one.spans() if re.match(r"(?:GET|POST|PUT|DELETE) /", span)]
    calls += [f"POST {path}" for one in pages() for path in re.findall(r'"http://127\.0\.0\.1:9000([^"?]+)', one.text)]
    assert len(calls) > 10
    for call in calls:
        method, path = call.split()[:2]
        try:
            urls.match(re.sub(r"<\w+>", "7", path).split("?")[0], method)
        except (NotFound, MethodNotAllowed):
            pytest.fail(f"no such call: {call}")


def test_documented_bodies_and_queries_are_understood(app: Flask, store: Store) -> None:
    """Their fields are known and their values are of the right kind; what comes of them is another matter."""
    client = app.test_client()
    caller = {"Authorization": f"Bearer {store.create_token('ada', scope=Scope.ADMIN)}"}
    (table,) = page("deploy/README.md").section("HTTP API").tables()
    tried = 0
    for call, given, _ in table.rows:
        method, path = spans(call)[0].split()
        path = path.replace("<app>", "shop").replace("<number>", "7")
        for example in spans(given):
            query = example if example.startswith("?") else ""
            body = None if query else json.loads(example.replace("…", "0123abc"))
            if "follow" not in query:
                answer = client.open(f"{path}{query}", method=method, headers=caller, json=body)
                assert answer.status_code in (200, 202, 404, 409), (call, example, answer.text)
                tried += 1
    assert tried > 4
