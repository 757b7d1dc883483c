"""``/livez`` and ``/readyz``."""

from __future__ import annotations

import fcntl
import sqlite3
from contextlib import closing

from flask.testing import FlaskClient

from hookserver.state.state_dir import StateDir


def test_livez_needs_no_worker_and_readyz_names_what_is_missing(client: FlaskClient, state: StateDir) -> None:
    assert client.get("/livez").status_code == 200
    assert "worker" in client.get("/readyz").text
    assert client.get("/readyz").status_code == 503
    with state.worker_lock.open("wb") as lock:
        assert client.get("/readyz").status_code == 503
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert client.get("/readyz").status_code == 200
    with closing(sqlite3.connect(state.database)) as other:
        other.execute("DROP TABLE tokens")
        other.execute("ALTER TABLE apps RENAME TO gone")
    assert "database" in client.get("/readyz").text
