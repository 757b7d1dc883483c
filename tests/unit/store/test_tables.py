"""What the tables themselves refuse, and which queries their indexes serve."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, event

from hookserver.models import Slot
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from tests.unit.store.deploying import claimed, live, push

FREQUENT: dict[str, Callable[[Store], object]] = {
    "enqueue": lambda store: store.enqueue(push(delivery="d-1")),
    "claim": lambda store: store.claim(builds=4),
    "in_progress": Store.in_progress,
    "standbys": Store.standbys,
    "replicas": Store.replicas,
    "rollback_is_queued": lambda store: store.rollback_is_queued("shop"),
    "queued_or_running": lambda store: store.queued_or_running("shop"),
    "running_releases": lambda store: store.running_releases("shop"),
}
"""Calls for each push, each turn of the worker, or each ``status``."""


def test_the_database_refuses_a_second_deploy_in_progress(state: StateDir, store: Store) -> None:
    claimed(store)
    store.enqueue(push())
    with sqlite3.connect(state.database) as raw, pytest.raises(sqlite3.IntegrityError):
        raw.execute("UPDATE deploys SET status = 'running', started_at = 1 WHERE status = 'queued'")
    raw.close()


@pytest.mark.parametrize("call", FREQUENT)
def test_frequent_queries_do_not_read_the_whole_history(state: StateDir, store: Store, call: str) -> None:
    live(store)
    live(store, slot=Slot.GREEN)
    store.enqueue(push(delivery="d-0"))
    queries: list[tuple[str, Any]] = []

    def note(_1: object, _2: object, query: str, values: object, *_rest: object) -> None:
        queries.append((query, values))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        FREQUENT[call](store)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    raw = sqlite3.connect(state.database)
    read = [(query, values) for query, values in queries if query.startswith(("SELECT", "UPDATE", "DELETE"))]
    plans = [row[3] for query, values in read for row in raw.execute(f"EXPLAIN QUERY PLAN {query}", values)]
    raw.close()
    small = ("deploys_one_", "deploys_delivery", "releases_running", "PRIMARY KEY")
    history = [
        plan for plan in plans if plan.startswith(("SCAN deploys", "SCAN releases", "SEARCH deploys", "SEARCH rel"))
    ]
    assert history
    assert [plan for plan in history if not any(index in plan for index in small)] == []
