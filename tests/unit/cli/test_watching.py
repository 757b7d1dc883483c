"""A deploy that is requested on the command line and followed."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from hookserver.errors import DeployFailed
from hookserver.models import Status
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from tests.unit.cli.conftest import Run

Eventually = Callable[..., object]
NO_WORKER = " !     the worker is not running; the deploy waits for it"


@contextmanager
def worker(store: Store, eventually: Eventually, log: Callable[[int], None], status: Status) -> Iterator[None]:
    """Deploys the first push that is queued, and ends it with ``status``."""

    def work() -> None:
        eventually(lambda: store.claim(1))
        log(1)
        store.end(1, status, "the build failed" if status is Status.FAILED else "")

    thread = threading.Thread(target=work)
    thread.start()
    yield
    thread.join()


def write_log(state: StateDir) -> Callable[[int], None]:
    def write(number: int) -> None:
        state.log(number).parent.mkdir(parents=True, exist_ok=True)
        state.log(number).write_text("-----> Building\n")

    return write


@pytest.mark.parametrize(
    ("status", "outcome"), [(Status.FAILED, "failed: the build failed"), (Status.CANCELLED, "cancelled")]
)
def test_deploy_that_does_not_go_live_ends_with_its_outcome_and_an_error(
    run: Run, store: Store, state: StateDir, eventually: Eventually, status: Status, outcome: str
) -> None:
    with worker(store, eventually, write_log(state), status):
        done = run("deploy", "shop")
    assert done.stdout == f"{outcome}\n"
    assert "-----> Building\n" in done.stderr
    assert isinstance(done.exception, DeployFailed)
    assert str(done.exception) == (
        f"deploy 1 is {status}; the previous release is still live\nTo see why, run `hookserver log 1`."
    )


def test_detached_deploy_prints_only_its_number(run: Run, store: Store) -> None:
    done = run("deploy", "shop", "--detach")
    assert (done.stdout, done.stderr) == ("1\n", f"{NO_WORKER}\n")
    assert store.deploy(1).status is Status.QUEUED


def test_follower_learns_that_no_worker_runs(run: Run, store: Store) -> None:
    run("deploy", "shop", "--detach")
    threading.Timer(0.3, store.cancel, [1]).start()
    assert run("log", "1", "--follow").stderr.splitlines() == ["-----> queued as deploy 1", NO_WORKER]


def test_running_worker_is_not_mentioned(run: Run, store: Store, state: StateDir) -> None:
    with state.worker_lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = run("deploy", "shop", "--detach")
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_interrupted_follower_leaves_the_deploy_as_it_is(
    run: Run, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hookserver.cli.watching.follow", interrupt)
    done = run("deploy", "shop")
    assert done.exit_code == 130
    assert "detached; deploy 1 continues: `hookserver log 1 -f`, `hookserver cancel 1`" in done.stderr
    assert store.deploy(1).status is Status.QUEUED
