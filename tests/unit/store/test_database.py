"""How a locked or damaged SQLite file is reported."""

from __future__ import annotations

import sqlite3

import pytest

from hookserver.errors import StoreError
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from tests.unit.store.deploying import push


def test_a_locked_database_is_a_clear_error_within_five_seconds(state: StateDir, store: Store) -> None:
    holder = sqlite3.connect(state.database, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match="locked") as caught:
        store.enqueue(push())
    assert caught.value.http_status == 503
    holder.rollback()
    holder.close()
    assert store.enqueue(push()).deploy


def test_a_damaged_database_is_refused_with_the_way_to_recover(state: StateDir, store: Store) -> None:
    for _ in range(300):
        store.enqueue(push(by="x" * 200))
    store.close()
    file = state.database
    content = bytearray(file.read_bytes())
    content[4096 * 3 : 4096 * 12] = bytes(4096 * 9)
    file.write_bytes(content)
    damaged = Store(state)
    with pytest.raises(StoreError, match="stay live"):
        damaged.upgrade()
    damaged.close()
