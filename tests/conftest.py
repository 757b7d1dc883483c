"""Fixtures for all tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from tests.shop.journal import unmount_journal
from tests.waiting import until

pytest.register_assert_rewrite("tests.contracts")

# How long one example takes says more of the machine's other work than of the code.
settings.register_profile("hookserver", deadline=None)
settings.load_profile("hookserver")


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where two processes share the tests (``--dist loadgroup``), what uses the same installation stays together."""
    for item in items:
        _, part, *within = item.path.relative_to(Path(__file__).parents[1]).parts
        if part == "integration":
            shared = "place" if "place" in getattr(item, "fixturenames", ()) else within[0]
            item.add_marker(pytest.mark.xdist_group(shared))


@pytest.fixture
def eventually() -> Callable[..., object]:
    """``eventually(condition, deadline=30)`` waits until the condition is true and returns its value."""
    return until


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with all tables: made once, copied often."""
    state = StateDir(tmp_path_factory.mktemp("migrated"))
    store = Store(state)
    store.upgrade()
    store.close()
    return state.database


@pytest.fixture
def state(tmp_path: Path, migrated: Path) -> Iterator[StateDir]:
    """A state_dir with an empty database. A worker that runs there mounts the request journal."""
    made = StateDir(tmp_path / "state")
    made.database.parent.mkdir(parents=True)
    shutil.copy(migrated, made.database)
    yield made
    unmount_journal(made)


@pytest.fixture
def store(state: StateDir) -> Iterator[Store]:
    """A store that knows one app, ``shop``."""
    made = Store(state)
    made.sync_apps(["shop"])
    yield made
    made.close()
