"""The store as a whole."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from hookserver.errors import StoreError
from hookserver.state.state_dir import StateDir
from hookserver.store import Store, database


def test_upgrade_makes_an_empty_folder_a_store(tmp_path: Path) -> None:
    store = Store(StateDir(tmp_path / "new"))
    store.upgrade()
    assert store.sync_apps(["shop"]) == {"shop": 1}
    store.upgrade()
    assert [app.name for app in store.apps()] == ["shop"]
    store.close()


def test_check_ready_fails_when_no_push_could_be_stored(
    store: Store, state: StateDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.check_ready()
    monkeypatch.setattr(database, "BUSY_TIMEOUT", 0.1)
    holder = sqlite3.connect(state.database, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        store.check_ready()
    holder.rollback()
    holder.close()
