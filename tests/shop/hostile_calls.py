"""Calls of the whole HTTP API as nobody means them: the real application over a real store, without a network.

``random_calls`` are made of any method, path, query, header and body; ``documented_calls`` of the OpenAPI document, and
each answer must be as that says.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import schemathesis
from flask import Flask
from hypothesis import strategies as st
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from werkzeug.test import Client

from hookserver import config
from hookserver.forges import payload
from hookserver.models import Push, Release, Scope, Slot, Status, Step, Trigger
from hookserver.state.state_dir import StateDir
from hookserver.store import Queued, Store
from hookserver.web import create_app
from hookserver.web.body import FORM, JSON
from hookserver.web.context import WebContext
from tests.shop.hostile_input import (
    ANY_TEXT,
    BODIES,
    FIELDS,
    HEADER_TEXT,
    PUSHES,
    QUERIES,
    SIGNATURES,
    TYPES,
    Source,
    Tally,
    weighted,
)

_TOML = """
[server]
state_dir = "{state_dir}"
[apps.shop]
repository = "https://git.example.com/acme/shop.git"
domains = ["shop.example.com"]
webhook_secret = "{secret}"
[apps.cellar]
repository = "push"
branch = "trunk"
domains = ["cellar.example.com"]
"""
_SECRET = "a secret of the shop"
_CHECKS = (
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
)


class _EndingStore(Store):
    """Cancels each deploy that is requested: a caller that waits for its end, or follows its log, has it at once."""

    def enqueue(self, push: Push) -> Queued:
        queued = super().enqueue(push)
        if not queued.duplicate:
            self.cancel(queued.deploy)
        return queued


@dataclass
class Api:
    """The application, tokens of all kinds, and a connection that sees whether the database has changed."""

    app: Flask
    settings: config.Settings
    tokens: list[str]
    admin: str
    watcher: sqlite3.Connection
    calls: int = 0

    @cached_property
    def client(self) -> Client:
        return Client(self)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """The WSGI application. Ten calls come from one address: enough of them are counted as a flood."""
        self.calls += 1
        number = self.calls // 10
        environ["REMOTE_ADDR"] = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        answer = self.app(environ, start_response)
        try:
            return [*answer]
        finally:
            answer.close()  # type: ignore[attr-defined] # WSGI: PEP 3333

    def version(self) -> int:
        """A number that another one's commit changes: https://sqlite.org/pragma.html#pragma_data_version"""
        found: int = self.watcher.execute("PRAGMA data_version").fetchone()[0]
        return found


@contextmanager
def api(state: StateDir) -> Iterator[Api]:
    """An API with two apps, of which one has releases, a log and a running worker. ``state``: an empty database."""
    settings = config.parse(_TOML.format(state_dir=state.root, secret=_SECRET), Path("hookserver.toml")).settings
    store = _EndingStore(state)
    store.sync_apps(settings.apps)
    _deploy_twice(store, state)
    tokens = ["", "hs_wrong", "x" * 300, "\xe9", store.create_token("old", expires=-1.0)]
    tokens += [store.create_token(f"{app}-{scope}", app, scope) for scope in Scope for app in ("shop", "cellar")]
    admin = store.create_token("admin", scope=Scope.ADMIN)
    app = create_app(settings, store)
    shared: WebContext = app.extensions["hookserver"]
    far = time.monotonic() + 1e6
    # No use of a token is recorded: then no refused call may write at all.
    shared.token_uses.update({(token.name, token.created_at): far for token in store.tokens()})
    with (
        closing(sqlite3.connect(state.database)) as watcher,
        state.worker_lock.open("wb") as lock,
    ):
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield Api(app, settings, [*tokens, admin], admin, watcher)
    store.close()


def random_calls(api: Api) -> Source:
    """Calls of any kind."""
    bearer = (st.sampled_from(api.tokens) | st.just(api.admin)).map(lambda token: f"Bearer {token}")
    headers = st.fixed_dictionaries(
        {"Authorization": weighted((9, bearer), (1, HEADER_TEXT))},
        optional={
            "Content-Type": weighted((6, st.sampled_from([JSON, FORM])), (1, TYPES | HEADER_TEXT)),
            "Accept": st.sampled_from(["text/plain", "text/event-stream", "*/*;q=x", "a/b;q=9,,;", ""]) | HEADER_TEXT,
            "Last-Event-ID": st.sampled_from(["0", "-1", "9" * 40, "1e3", "\xb2"]) | HEADER_TEXT,
            "Content-Encoding": weighted((9, st.just("identity")), (1, st.sampled_from(["gzip", "", "br, gzip"]))),
            "Content-Length": st.sampled_from(["0", "-1", "9" * 30, "x", "+5", "1_0"]),
            "X-GitHub-Event": st.sampled_from(["push", "ping", ""]) | HEADER_TEXT,
            "X-Hub-Signature-256": SIGNATURES,
            "X-Gitea-Event": st.just("push"),
            "X-Gitea-Signature": SIGNATURES,
            "X-Hookserver-Signature": SIGNATURES,
            "X-Hookserver-Delivery": HEADER_TEXT,
            "X-Forwarded-For": HEADER_TEXT,
            "Host": HEADER_TEXT,
        },
    ).map(lambda headers: {name: value.replace("\r", "").replace("\n", "") for name, value in headers.items()})

    def made(address: tuple[str, str], app: str, number: str, query: str, *rest: Any) -> tuple[Any, ...]:
        method, path = address
        return method, path.format(app=app, number=number), query, *rest

    bodies = weighted((1, st.just(b"")), (1, BODIES), (2, FIELDS))
    inputs = st.builds(made, _ADDRESSES, _APPS, _NUMBERS, QUERIES, headers, bodies)
    return Source("random calls", inputs, partial(_call, api))


def signed_calls(api: Api) -> Source:
    """Webhooks of a forge that has the secret, and sends whatever it likes."""

    def signed(forge: str, event: str, delivery: str, content_type: str, body: bytes) -> tuple[Any, ...]:
        text = payload.of_form(body) if forge == "Gitea" and content_type.startswith(FORM) else body
        digits = hmac.new(_SECRET.encode(), text, hashlib.sha256).hexdigest()
        prefix = "" if forge == "Gitea" else "sha256="
        header = "X-Hub-Signature-256" if forge == "GitHub" else f"X-{forge}-Signature"
        headers = {f"X-{forge}-Event": event, f"X-{forge}-Delivery": delivery, header: f"{prefix}{digits}"}
        return "POST", "/hooks/shop", "", {**headers, "Content-Type": content_type}, body

    events = st.sampled_from(["push", "push", "push", "ping", "release", "push,push", ""])
    deliveries = st.sampled_from(["", "d-1", "a b"]) | st.integers(0).map(str)
    types = weighted((9, st.sampled_from([JSON, FORM])), (1, TYPES))
    forges = st.sampled_from(["Gitea", "GitHub", "Hookserver"])
    inputs = st.builds(signed, forges, events, deliveries, types, weighted((2, PUSHES), (1, BODIES)))
    return Source("signed webhooks", inputs, partial(_call, api))


def _call(api: Api, call: tuple[str, str, str, dict[str, str], bytes], tally: Tally) -> None:
    method, path, query, headers, body = call
    with _unchanged_when_refused(api, tally, call) as answers:
        answer = api.client.open(f"{path}?{query}", method=method, headers=headers, data=body, buffered=True)
        answers.append((answer.status_code, answer.text))
    if (answer.mimetype or "").endswith("json"):
        assert isinstance(json.loads(answer.data or b"{}"), dict)


def documented_calls(api: Api) -> Iterator[Source]:
    """Of each operation of the OpenAPI document: calls as it says, and others."""
    schema = schemathesis.openapi.from_wsgi("/openapi.json", api)
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        calls = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in schemathesis.GenerationMode))
        yield Source(operation.label, calls, partial(_documented, api))


def _documented(api: Api, case: Any, tally: Tally) -> None:
    if "app" in case.path_parameters and tally.inputs % 4:
        case.path_parameters["app"] = "shop"
    if "number" in case.path_parameters and tally.inputs % 4:
        case.path_parameters["number"] = tally.inputs % 7
    with _unchanged_when_refused(api, tally, case) as answers:
        answer = case.call(headers={"Authorization": f"Bearer {api.admin}"})
        answers.append((answer.status_code, answer.text))
    try:
        case.validate_response(answer, checks=[*_CHECKS])
    except FailureGroup as error:
        raise AssertionError(str(error.exceptions)) from error


@contextmanager
def _unchanged_when_refused(api: Api, tally: Tally, call: object) -> Iterator[list[tuple[int, str]]]:
    """Counts an answer with 5xx, and a change of the database by a call that is answered with an error.

    A deploy that was waited for and has failed is 422 too, but was accepted: its answer names its log.
    """
    before, answers = api.version(), list[tuple[int, str]]()
    yield answers
    ((status, text),) = answers
    if status >= 500:
        tally.server_errors += 1
        tally.fault(f"{call!r}: {status} {text}")
    was_accepted = status < 400 or "The whole log: " in text
    if not was_accepted and api.version() != before:
        tally.side_effects += 1
        tally.fault(f"{call!r}: {status}, and the database has changed")


_APPS = weighted(
    (4, st.just("shop")),
    (1, st.sampled_from(["cellar", "nosuch", "..", "%00", "%ff", "shop%2F"])),
    (1, ANY_TEXT.map(lambda text: quote(text.encode("utf-8", "surrogatepass"), safe=""))),
)
_NUMBERS = st.sampled_from(
    ["1", "2", "3", "99", "0", "-1", "2147483647", "2147483648", "9" * 40, "1.0", "01", "%D9%A1"]
)
_ROUTES = st.sampled_from(
    [
        *(("POST", "/hooks/{app}"), ("POST", "/api/v1/apps/{app}/deploys"), ("POST", "/api/v1/apps/{app}/rollback")),
        *(("GET", "/api/v1/apps"), ("GET", "/api/v1/apps/{app}"), ("GET", "/api/v1/apps/{app}/deploys")),
        *(("PUT", "/api/v1/apps/{app}/lock"), ("DELETE", "/api/v1/apps/{app}/lock")),
        *(("GET", "/api/v1/deploys/{number}"), ("GET", "/api/v1/deploys/{number}/log")),
        ("POST", "/api/v1/deploys/{number}/cancel"),
    ]
)
_METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "BREW"])
_OTHERS = st.sampled_from(["/", "/livez", "/readyz", "/openapi.json", "//", "/api/../livez", "/hooks", "/api/v1/apps/"])
_ADDRESSES = weighted((6, _ROUTES), (1, st.tuples(_METHODS, _ROUTES.map(lambda route: route[1]) | _OTHERS)))


def _deploy_twice(store: Store, state: StateDir) -> None:
    for slot in Slot:
        number = Store.enqueue(store, Push("shop", Trigger.API)).deploy
        deploy = store.claim(1)
        assert deploy is not None
        store.begin_step(deploy, Step.FETCH)
        store.record_commit(number, "a" * 40)
        store.add_release(Release(number, "shop", "a" * 40, "sha256:1", slot, 2))
        store.go_live(number, number, 600)
        store.end(number, Status.LIVE)
        state.log(number).write_text("-----> Fetching\n       a line\n", encoding="utf-8")
