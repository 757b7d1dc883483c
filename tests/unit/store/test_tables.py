"""What the tables themselves refuse."""

from __future__ import annotations

import sqlite3

import pytest

from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from tests.unit.store.deploying import claimed, push


def test_the_database_refuses_a_second_deploy_in_progress(state: StateDir, store: Store) -> None:
    claimed(store)
    store.enqueue(push())
    with sqlite3.connect(state.database) as raw, pytest.raises(sqlite3.IntegrityError):
        raw.execute("UPDATE deploys SET status = 'running', started_at = 1 WHERE status = 'queued'")
    raw.close()
