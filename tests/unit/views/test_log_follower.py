"""The log of a deploy, read while it is written, from a real SQLite file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hookserver.errors import NotFound, StoreError
from hookserver.models import Deploy, Push, Status, Trigger
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from hookserver.views.log_follower import Follower, LogLines, is_decided, is_finished, outcome


@pytest.fixture
def follower(state: StateDir) -> Iterator[Follower]:
    store = Store(state)
    store.sync_apps(["shop"])
    store.enqueue(Push("shop", Trigger.API))
    yield Follower(store, state, threading.Event())
    store.close()


@pytest.fixture
def log(follower: Follower) -> Path:
    return follower.state.log(1)


def test_lines_come_complete_with_the_offset_after_them(follower: Follower, log: Path) -> None:
    lines = follower.follow(1, is_decided)
    assert next(lines).text == b""
    log.write_bytes(b"one\nhal")
    assert (first := next(lines)).text == b"one\n"
    assert first.end == 4
    assert next(lines).text == b""
    log.write_bytes(b"one\nhalf\n")
    assert next(lines) == LogLines(b"half\n", 9)


def test_text_before_the_end_is_never_missed(follower: Follower, log: Path) -> None:
    lines = follower.follow(1, is_decided)
    next(lines)
    log.write_bytes(b"x" * 70_000 + b"\nlast\nunfinished")
    follower.store.cancel(1)
    assert b"".join(piece.text for piece in lines) == log.read_bytes()


def test_follower_can_begin_at_any_offset(follower: Follower, log: Path) -> None:
    log.write_bytes(b"one\ntwo\n")
    assert next(follower.follow(1, is_decided, offset=4)).text == b"two\n"
    assert next(follower.follow(1, is_decided, offset=400)).text == b""


def test_follower_ends_with_its_process(follower: Follower) -> None:
    follower.stopping.set()
    with pytest.raises(StopIteration) as end:
        next(follower.follow(1, is_decided))
    assert end.value.value.status is Status.QUEUED


def test_busy_database_does_not_end_a_follower(follower: Follower, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = follower.follow(1, is_decided)
    next(lines)

    def busy(number: int) -> Deploy:
        raise StoreError(f"no deploy {number} now")

    monkeypatch.setattr(follower.store, "deploy", busy)
    for _ in range(4):
        assert next(lines).text == b""
    monkeypatch.undo()
    log.write_bytes(b"on\n")
    assert next(lines).text == b"on\n"


def test_unknown_deploy_is_not_found(follower: Follower) -> None:
    with pytest.raises(NotFound):
        next(follower.follow(99, is_decided))


def test_live_deploy_is_decided_and_is_finished_after_its_drain() -> None:
    going_back = Deploy(1, "shop", Status.ROLLED_BACK, Trigger.API, started_at=1.0)
    draining = Deploy(1, "shop", Status.LIVE, Trigger.API, started_at=1.0)
    drained = Deploy(1, "shop", Status.LIVE, Trigger.API, started_at=1.0, ended_at=2.0)
    failed = Deploy(1, "shop", Status.FAILED, Trigger.API, started_at=1.0, ended_at=2.0)
    assert [is_decided(deploy) for deploy in (going_back, draining, drained, failed)] == [True] * 4
    assert [is_finished(deploy) for deploy in (going_back, draining, drained, failed)] == [False, False, True, True]


@pytest.mark.parametrize(
    ("status", "reason", "line"),
    [
        (Status.LIVE, "", "live"),
        (Status.ROLLED_BACK, "", "rolled back"),
        (Status.FAILED, "no space\nlast lines", "failed: no space"),
        (Status.FAILED, "", "failed: the log has the cause"),
        (Status.SUPERSEDED, "", "superseded by deploy 7"),
    ],
)
def test_outcome_is_one_line(status: Status, reason: str, line: str) -> None:
    deploy = Deploy(1, "shop", status, Trigger.API, reason=reason, superseded_by=7)
    assert outcome(deploy) == line
