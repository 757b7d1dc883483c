"""Requests that stay until a deploy is over, and their clients."""

from __future__ import annotations

import socket

import pytest

from hookserver.config import Settings
from hookserver.models import Push, Status, Trigger
from hookserver.store import Store
from hookserver.web.context import WebContext
from hookserver.web.current import CurrentSettings
from hookserver.web.following import is_gone, wait


@pytest.fixture
def context(settings: Settings, store: Store) -> WebContext:
    store.enqueue(Push("shop", Trigger.API))
    return WebContext(CurrentSettings(settings, store, lambda same: same), store)


def test_wait_returns_a_deploy_that_is_over(context: WebContext) -> None:
    context.store.cancel(1)
    assert wait(context, 1, None).status is Status.CANCELLED


def test_wait_ends_when_the_client_hung_up_or_the_process_ends(context: WebContext) -> None:
    here, there = socket.socketpair()
    there.close()
    with here:
        assert wait(context, 1, here).status is Status.QUEUED
    context.stopping.set()
    assert wait(context, 1, None).status is Status.QUEUED


def test_closed_connection_is_noticed_and_a_quiet_one_stays() -> None:
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
