"""The commands about deploys, on a store with deploys in it."""

from __future__ import annotations

import json

import pytest

from hookserver.errors import AppLocked, NotFound, Refused
from hookserver.models import Push, Status, Trigger
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from tests.unit.cli.conftest import Run


@pytest.mark.parametrize("follow", [[], ["--follow"]])
def test_log_of_a_deploy_that_never_started_is_its_outcome(store: Store, run: Run, follow: list[str]) -> None:
    first = store.enqueue(Push("shop", Trigger.CLI)).deploy
    second = store.enqueue(Push("shop", Trigger.CLI)).deploy
    done = run("log", str(first), *follow)
    assert (done.exit_code, done.stdout) == (0, f"superseded by deploy {second}\n")


def test_queued_deploy_has_no_log_yet(store: Store, run: Run) -> None:
    done = run("log", str(store.enqueue(Push("shop", Trigger.CLI)).deploy))
    assert isinstance(done.exception, NotFound)
    assert "waits" in str(done.exception)


@pytest.mark.parametrize("follow", [[], ["--follow"]])
def test_log_is_printed_once(store: Store, run: Run, state: StateDir, follow: list[str]) -> None:
    number = store.enqueue(Push("shop", Trigger.CLI)).deploy
    store.cancel(number)
    state.log(number).parent.mkdir(parents=True, exist_ok=True)
    state.log(number).write_text("-----> Fetching\n")
    assert run("log", str(number), *follow).stdout == "-----> Fetching\n"


def test_deploy_is_queued_as_requested(run: Run, store: Store) -> None:
    assert run("deploy", "shop", "--commit", "abcdef1", "--rebuild", "--detach").exit_code == 0
    deploy = store.deploy(1)
    assert (deploy.requested_commit, deploy.rebuild, deploy.trigger) == ("abcdef1", True, Trigger.CLI)


@pytest.mark.parametrize("command", ["deploy", "rollback"])
def test_locked_app_refuses_deploys_from_the_command_line(run: Run, store: Store, command: str) -> None:
    store.lock("shop", "stocktaking", "ada")
    assert isinstance(run(command, "shop", "--detach").exception, AppLocked)
    assert store.deploys() == []


@pytest.mark.parametrize("number", ["0", "-1", "x"])
def test_rollback_to_a_wrong_number_is_wrong_usage(run: Run, number: str) -> None:
    assert run("rollback", "shop", "--to", number).exit_code == 2


def test_rollback_without_an_earlier_release_queues_nothing(run: Run, store: Store) -> None:
    assert isinstance(run("rollback", "shop").exception, Refused | NotFound)
    assert store.deploys() == []


def test_status_shows_one_app_or_all_and_as_json_their_documents(run: Run) -> None:
    assert run("status").stdout == run("status", "shop").stdout
    assert run("status").stdout.startswith("shop  shop.example.com/\n")
    (document,) = json.loads(run("status", "--json").stdout)
    assert document["app"] == "shop"
    assert isinstance(run("status", "shpo").exception, NotFound)


def test_history_lists_the_newest_first(run: Run, store: Store) -> None:
    for _ in range(3):
        store.enqueue(Push("shop", Trigger.CLI))
    lines = run("history", "shop", "--limit", "2").stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [["3", "queued"], ["2", "superseded"]]
    documents = json.loads(run("history", "shop", "--json").stdout)
    assert [document["deploy"] for document in documents] == [3, 2, 1]


def test_queued_deploy_is_cancelled_at_once_and_a_running_one_by_the_worker(run: Run, store: Store) -> None:
    store.enqueue(Push("shop", Trigger.CLI))
    assert run("cancel", "1").stderr == "deploy 1 is cancelled\n"
    store.enqueue(Push("shop", Trigger.CLI))
    assert store.claim(1)
    assert run("cancel", "2").stderr == "deploy 2 is being cancelled\n"
    assert store.deploy(2).status is Status.RUNNING
