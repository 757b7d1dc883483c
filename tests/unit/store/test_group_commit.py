"""Writes of several threads in one transaction."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from hookserver.errors import NotFound, StoreError
from hookserver.store import database as database_module
from hookserver.store import group_commit
from hookserver.store.database import Database
from hookserver.store.group_commit import GroupCommit
from tests.waiting import until


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    (tmp_path / "test.db").touch()
    made = Database(tmp_path / "test.db")
    with made.writing() as connection:
        connection.execute(text("CREATE TABLE items (item INTEGER PRIMARY KEY)"))
    yield made
    made.close()


class Writes:
    """Writes numbers; a negative one is refused, and 0 breaks the transaction. ``groups``: those of a transaction."""

    def __init__(self) -> None:
        self.groups: dict[Connection, list[int]] = {}
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def __call__(self, connection: Connection, item: int) -> str:
        self.groups.setdefault(connection, []).append(item)
        if item < 0:
            raise NotFound(f"{item} is no item")
        connection.execute(text("INSERT INTO items VALUES (:item)"), {"item": item or None})
        if item == 0:
            connection.execute(text("INSERT INTO nowhere VALUES (1)"))
        assert self.may_go_on.wait(20)
        return f"item {item}"


def stored(database: Database) -> set[int]:
    with closing(sqlite3.connect(database.path)) as connection:
        return {item for (item,) in connection.execute("SELECT item FROM items")}


def run_behind_a_first(database: Database, writes: Writes, items: list[int]) -> list[str | BaseException | None]:
    """The outcome of each item, all of which come while another one is written."""
    group = GroupCommit(database, writes)
    writes.may_go_on.clear()
    with ThreadPoolExecutor(len(items) + 1) as pool:
        first = pool.submit(group.run, 1000)
        until(lambda: writes.groups, 20)
        others = [pool.submit(group.run, item) for item in items]
        until(lambda: len(group._calls) == len(items), 20)
        writes.may_go_on.set()
        assert first.result(20) == "item 1000"
        return [future.exception(20) or future.result() for future in others]


def test_writes_that_arrive_meanwhile_share_the_next_transaction(database: Database) -> None:
    writes = Writes()
    assert set(run_behind_a_first(database, writes, [1, 2, 3, 4, 5])) == {f"item {item}" for item in range(1, 6)}
    assert stored(database) == {1000, 1, 2, 3, 4, 5}
    assert sorted(map(sorted, writes.groups.values())) == [[1, 2, 3, 4, 5], [1000]]


def test_refused_item_does_not_fail_the_others(database: Database) -> None:
    outcomes = run_behind_a_first(database, Writes(), [1, -2, 3])
    assert [outcome for outcome in outcomes if isinstance(outcome, str)] == ["item 1", "item 3"]
    assert isinstance(outcomes[1], NotFound)
    assert stored(database) == {1000, 1, 3}


def test_broken_transaction_fails_all_of_its_items_and_stores_none(database: Database) -> None:
    outcomes = run_behind_a_first(database, Writes(), [1, 0, 3])
    assert all(isinstance(outcome, StoreError) for outcome in outcomes)
    assert stored(database) == {1000}


def test_item_that_waits_too_long_is_an_error_and_never_stored(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "BUSY_TIMEOUT", 0.1)
    writes = Writes()
    writes.may_go_on.clear()
    group = GroupCommit(database, writes)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(group.run, 1)
        until(lambda: writes.groups, 20)
        with pytest.raises(StoreError, match="too many writes wait"):
            pool.submit(group.run, 2).result(20)
        writes.may_go_on.set()
        assert first.result(20) == "item 1"
    assert group.run(3) == "item 3"
    assert stored(database) == {1, 3}


def test_locked_database_is_an_error_for_each_item_in_time(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT", 0.3)
    group = GroupCommit(database, Writes())
    with closing(sqlite3.connect(database.path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(8) as pool:
            outcomes = [future.exception(20) for future in [pool.submit(group.run, item) for item in range(1, 9)]]
        assert all(isinstance(outcome, StoreError) for outcome in outcomes)
        holder.execute("ROLLBACK")
    assert group.run(9) == "item 9"
