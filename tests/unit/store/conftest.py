"""A store on a real SQLite file, with two apps and a clock that only the test moves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from tests.unit.store.deploying import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(state: StateDir, clock: Clock) -> Iterator[Store]:
    made = Store(state, clock)
    made.sync_apps(["shop", "blog"])
    yield made
    made.close()
