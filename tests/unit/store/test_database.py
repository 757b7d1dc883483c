"""Transactions on the SQLite file, and how a locked or damaged one is reported."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import select, update

from hookserver.errors import StoreError
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from hookserver.store.database import Database
from hookserver.store.tables import apps
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


def test_a_database_that_cannot_be_opened_says_what_to_check(tmp_path: Path) -> None:
    database = Database(tmp_path / "missing" / "hookserver.db")
    with pytest.raises(StoreError, match="Check that server"), database.reading():
        pass


def test_a_write_that_fails_leaves_nothing(state: StateDir, store: Store) -> None:
    database = Database(state.database)

    def write_and_fail() -> None:
        with database.writing() as connection:
            connection.execute(update(apps).values(tip_seen="a" * 40))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert store.app("shop").tip_seen == ""
    database.close()


def test_row_that_a_write_has_read_stays_true_until_it_ends(state: StateDir, store: Store) -> None:
    """Another process waits for its turn."""
    database = Database(state.database)
    other = sqlite3.connect(state.database, timeout=0.05, isolation_level=None)
    with database.writing() as connection:
        connection.execute(select(apps)).all()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("UPDATE apps SET tip_seen = 'b'")
    other.execute("UPDATE apps SET tip_seen = 'b'")
    assert store.app("shop").tip_seen == "b"
    other.close()
    database.close()


def test_the_threads_of_a_process_all_get_their_turn(store: Store) -> None:
    numbers: list[int] = []
    threads = [threading.Thread(target=lambda: numbers.append(store.enqueue(push()).deploy)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == list(range(1, 11))
