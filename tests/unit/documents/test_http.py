"""The table of HTTP calls is the URL map; calls elsewhere in the documents are in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.exceptions import MethodNotAllowed, NotFound

from hookserver import config
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from hookserver.web import create_app
from tests.unit.documents.pages import page, pages, spans


@pytest.fixture
def app(state: StateDir) -> Flask:
    settings = config.parse(f'[server]\nstate_dir = "{state.root}"', Path("hookserver.toml")).settings
    return create_app(settings, Store(settings.server.state))


def test_the_table_has_every_call(app: Flask) -> None:
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
