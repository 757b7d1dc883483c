"""Every status of a deploy is set along TRANSITIONS, in one place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import insert

import hookserver
from hookserver.errors import Refused
from hookserver.models import TRANSITIONS, Push, Status, Trigger
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from hookserver.store.database import Database
from hookserver.store.rows import find_deploy
from hookserver.store.tables import deploys
from hookserver.store.transitions import change_status, record_facts


@pytest.fixture
def database(state: StateDir) -> Iterator[Database]:
    made = Database(state.database)
    store = Store(state)
    store.sync_apps(["shop"])
    store.close()
    yield made
    made.close()


@pytest.mark.parametrize(("before", "after"), product(Status, Status))
def test_a_status_changes_as_the_table_of_transitions_says(database: Database, before: Status, after: Status) -> None:
    with database.writing() as connection:
        values = {"app": "shop", "status": before, "trigger": Trigger.WEBHOOK, "queued_at": 1.0}
        connection.execute(insert(deploys).values(number=1, **values))
        deploy = find_deploy(connection, 1)
        if after in TRANSITIONS[before]:
            change_status(connection, deploy, after, reason="why")
            assert (find_deploy(connection, 1).status, find_deploy(connection, 1).reason) == (after, "why")
        else:
            with pytest.raises(Refused, match=f"is {before} and cannot become {after}"):
                change_status(connection, deploy, after, reason="why")
            assert (find_deploy(connection, 1).status, find_deploy(connection, 1).reason) == (before, "")


def test_a_deploy_that_changed_since_it_was_read_is_refused(database: Database, state: StateDir) -> None:
    store = Store(state)
    as_read = store.deploy(store.enqueue(Push("shop", Trigger.WEBHOOK)).deploy)
    store.cancel(as_read.number)
    with pytest.raises(Refused, match="changed in the meantime"), database.writing() as connection:
        change_status(connection, as_read, Status.RUNNING)
    assert store.deploy(as_read.number).status is Status.CANCELLED
    store.close()


def test_facts_are_recorded_without_a_change_of_status(database: Database, state: StateDir) -> None:
    store = Store(state)
    number = store.enqueue(Push("shop", Trigger.WEBHOOK)).deploy
    with database.writing() as connection:
        record_facts(connection, number, commit="abc", cancel_requested=True)
    deploy = store.deploy(number)
    assert (deploy.status, deploy.commit, deploy.cancel_requested) == (Status.QUEUED, "abc", True)
    store.close()


def test_no_other_module_updates_a_deploy() -> None:
    package = Path(hookserver.__file__).parent
    updating = re.compile(r"update\(\s*(tables\.)?deploys\b|\bdeploys\.update\(|UPDATE\s+deploys", re.IGNORECASE)
    found = {str(file.relative_to(package)) for file in package.rglob("*.py") if updating.search(file.read_text())}
    assert found == {"store/transitions.py"}


def test_a_new_deploy_is_queued() -> None:
    package = Path(hookserver.__file__).parent
    inserting = {file.name: file.read_text() for file in package.rglob("*.py") if "insert(deploys)" in file.read_text()}
    assert [*inserting] == ["queue.py"]
    assert re.findall(r'"status": ([\w.]+)', inserting["queue.py"]) == ["Status.QUEUED"]
