"""The commands about deploys, on a database with deploys in it."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hookserver.cli import cli
from hookserver.errors import NotFound
from hookserver.models import Push, Trigger
from hookserver.state.state_dir import StateDir
from hookserver.store import Store

SETTINGS = '[server]\nstate_dir = "{}"\n[apps.shop]\nrepository = "push"\ndomains = ["shop.example.com"]\n'


@pytest.fixture
def store(state: StateDir) -> Iterator[Store]:
    made = Store(state)
    made.sync_apps(["shop"])
    yield made
    made.close()


@pytest.fixture
def file(state: StateDir, tmp_path: Path) -> Path:
    path = tmp_path / "hookserver.toml"
    path.write_text(SETTINGS.format(state.root))
    return path


def log(file: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["--config", str(file), "log", *arguments])


@pytest.mark.parametrize("follow", [[], ["--follow"]])
def test_the_log_of_a_deploy_that_never_began_says_what_became_of_it(
    store: Store, file: Path, follow: list[str]
) -> None:
    first = store.enqueue(Push("shop", Trigger.CLI)).deploy
    second = store.enqueue(Push("shop", Trigger.CLI)).deploy
    done = log(file, str(first), *follow)
    assert (done.exit_code, done.stdout) == (0, f"superseded by deploy {second}\n")


def test_a_deploy_that_waits_has_no_log_yet(store: Store, file: Path) -> None:
    done = log(file, str(store.enqueue(Push("shop", Trigger.CLI)).deploy))
    assert isinstance(done.exception, NotFound)
    assert "waits" in str(done.exception)


@pytest.mark.parametrize("follow", [[], ["--follow"]])
def test_a_log_is_printed_once(store: Store, file: Path, state: StateDir, follow: list[str]) -> None:
    number = store.enqueue(Push("shop", Trigger.CLI)).deploy
    store.cancel(number)
    state.log(number).parent.mkdir(parents=True, exist_ok=True)
    state.log(number).write_text("-----> Fetching\n")
    assert log(file, str(number), *follow).stdout == "-----> Fetching\n"


def test_who_asks_is_told_that_no_worker_runs(store: Store, file: Path) -> None:
    done = CliRunner().invoke(cli, ["--config", str(file), "deploy", "shop", "--detach"])
    assert (done.stdout, done.stderr) == ("1\n", " !     the worker is not running; the deploy waits for it\n")
    threading.Timer(0.3, store.cancel, [1]).start()
    assert log(file, "1", "--follow").stderr.splitlines() == [
        "-----> queued as deploy 1",
        " !     the worker is not running; the deploy waits for it",
    ]


def test_who_asks_a_worker_that_runs_is_told_nothing(store: Store, file: Path, state: StateDir) -> None:
    with state.worker_lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = CliRunner().invoke(cli, ["--config", str(file), "deploy", "shop", "--detach"])
    assert (done.stdout, done.stderr) == ("1\n", "")


@pytest.mark.parametrize("number", ["0", "-1", "x"])
def test_a_rollback_to_what_is_no_deploys_number_is_wrong_usage(store: Store, file: Path, number: str) -> None:
    done = CliRunner().invoke(cli, ["--config", str(file), "rollback", "shop", "--to", number])
    assert done.exit_code == 2
