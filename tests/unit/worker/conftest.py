"""A worker on a real database, with real child processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hookserver.config import Settings, parse
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from tests.unit.worker.stage import Stage


@pytest.fixture
def settings(state: StateDir) -> Settings:
    """Of two apps that are polled once an hour."""
    text = f'[server]\nstate_dir = "{state.root}"\nbuilds = 2\n'
    for app in ("shop", "blog"):
        text += f'[apps.{app}]\nrepository = "push"\ndomains = ["{app}.example.com"]\npoll = "1h"\n'
    return parse(text, state.root / "hookserver.toml").settings


@pytest.fixture
def store(state: StateDir) -> Iterator[Store]:
    made = Store(state)
    made.sync_apps(["shop", "blog"])
    yield made
    made.close()


@pytest.fixture
def stage(settings: Settings, store: Store, tmp_path: Path) -> Iterator[Stage]:
    made = Stage(settings, store, tmp_path / "diary")
    yield made
    made.does = {}
    made.worker._shut_down()
