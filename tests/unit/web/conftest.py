"""The Flask application over a real store, two apps in its settings."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from hookserver import config
from hookserver.config import Settings
from hookserver.models import Push, Release, Scope, Slot, Status, Step, Trigger
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from hookserver.web import create_app

DEPLOYS = "/api/v1/apps/shop/deploys"
SECRET = "a secret of the shop"
TOML = """
[server]
state_dir = "{state_dir}"
[apps.shop]
repository = "https://git.example.com/acme/shop.git"
domains = ["shop.example.com"]
image = "acme/shop"
webhook_secret = "a secret of the shop"
[apps.cellar]
repository = "push"
branch = "trunk"
domains = ["cellar.example.com"]
"""


class WebClock:
    """The wall clock, and the seconds that the test adds."""

    def __init__(self) -> None:
        self.added = 0.0

    def __call__(self) -> float:
        return time.time() + self.added


def deployed(store: Store, slot: Slot = Slot.BLUE, commit: str = "a" * 40) -> int:
    """One deploy of the shop from push to live."""
    number = store.enqueue(Push("shop", Trigger.API)).deploy
    deploy = store.claim(1)
    assert deploy is not None
    store.begin_step(deploy, Step.FETCH)
    store.record_commit(number, commit)
    store.add_release(Release(number, "shop", commit, "sha256:1", slot, 2))
    store.go_live(number, number, 600)
    store.end(number, Status.LIVE)
    return number


@pytest.fixture
def settings(state: StateDir) -> Settings:
    return config.parse(TOML.format(state_dir=state.root), Path("hookserver.toml")).settings


@pytest.fixture
def clock() -> WebClock:
    return WebClock()


@pytest.fixture
def store(settings: Settings, clock: WebClock) -> Iterator[Store]:
    store = Store(settings.server.state, clock)
    store.sync_apps(settings.apps)
    yield store
    store.close()


@pytest.fixture
def app(settings: Settings, store: Store) -> Flask:
    return create_app(settings, store)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def bearer(store: Store) -> dict[str, str]:
    """The headers of a caller who may do everything."""
    return {"Authorization": f"Bearer {store.create_token('ada', scope=Scope.ADMIN)}"}


@pytest.fixture
def shop_bearer(store: Store) -> dict[str, str]:
    """The headers of a caller who may use the shop alone."""
    return {"Authorization": f"Bearer {store.create_token('ci', 'shop')}"}
