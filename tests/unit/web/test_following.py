"""Reading a log while it grows."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from hookserver.config import Settings
from hookserver.errors import NotFound, StoreError
from hookserver.models import Deploy, Push, Status, Trigger
from hookserver.store import Store
from hookserver.views.log_follower import Lines, is_decided, is_finished
from hookserver.web.context import Context
from hookserver.web.current import CurrentSettings
from hookserver.web.following import is_gone


@pytest.fixture
def context(settings: Settings, store: Store) -> Context:
    store.enqueue(Push("shop", Trigger.API))
    return Context(CurrentSettings(settings, store, lambda same: same), store)


@pytest.fixture
def log(context: Context) -> Path:
    return context.state.log(1)


def test_lines_come_whole_and_with_the_offset_after_them(context: Context, log: Path) -> None:
    lines = context.follower.follow(1, is_decided)
    assert next(lines).text == b""
    log.write_bytes(b"one\nhal")
    assert (first := next(lines)).text == b"one\n"
    assert first.end == 4
    assert next(lines).text == b""
    log.write_bytes(b"one\nhalf\n")
    assert next(lines) == Lines(b"half\n", 9)


def test_what_was_written_before_the_end_is_never_missed(context: Context, log: Path) -> None:
    lines = context.follower.follow(1, is_decided)
    next(lines)
    log.write_bytes(b"x" * 70_000 + b"\nlast\nunfinished")
    context.store.cancel(1)
    assert b"".join(piece.text for piece in lines) == log.read_bytes()


def test_following_can_begin_anywhere(context: Context, log: Path) -> None:
    log.write_bytes(b"one\ntwo\n")
    assert next(context.follower.follow(1, is_decided, offset=4)).text == b"two\n"
    assert next(context.follower.follow(1, is_decided, offset=400)).text == b""


def test_a_process_that_ends_lets_its_followers_go(context: Context) -> None:
    context.stopping.set()
    with pytest.raises(StopIteration) as end:
        next(context.follower.follow(1, is_decided))
    assert end.value.value.status is Status.QUEUED


def test_a_database_that_is_busy_for_a_while_ends_no_follower(
    context: Context, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = context.follower.follow(1, is_decided)
    next(lines)

    def busy(number: int) -> Deploy:
        raise StoreError(f"no deploy {number} now")

    monkeypatch.setattr(context.store, "deploy", busy)
    for _ in range(4):
        assert next(lines).text == b""
    monkeypatch.undo()
    log.write_bytes(b"on\n")
    assert next(lines).text == b"on\n"


def test_an_unknown_deploy_is_not_found(context: Context) -> None:
    with pytest.raises(NotFound):
        next(context.follower.follow(99, is_decided))


def test_a_deploy_is_decided_when_it_is_live_and_finished_only_when_it_has_drained_or_is_sent_back() -> None:
    going_back = Deploy(1, "shop", Status.ROLLED_BACK, Trigger.API, started_at=1.0)
    draining = Deploy(1, "shop", Status.LIVE, Trigger.API, started_at=1.0)
    drained = Deploy(1, "shop", Status.LIVE, Trigger.API, started_at=1.0, ended_at=2.0)
    failed = Deploy(1, "shop", Status.FAILED, Trigger.API, started_at=1.0, ended_at=2.0)
    assert [is_decided(deploy) for deploy in (going_back, draining, drained, failed)] == [True] * 4
    assert [is_finished(deploy) for deploy in (going_back, draining, drained, failed)] == [False, False, True, True]


def test_a_client_that_hung_up_is_noticed_and_a_quiet_one_is_not() -> None:
    here, there = socket.socketpair()
    here.settimeout(30)
    with here, there:
        assert not is_gone(here)
        there.sendall(b"more")
        assert not is_gone(here)
        here.recv(4)
        there.close()
        assert is_gone(here)
    assert is_gone(here)
    assert not is_gone(None)
