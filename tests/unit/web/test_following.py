"""Clients that follow a deploy."""

from __future__ import annotations

import socket

from hookserver.web.following import is_gone


def test_client_that_hung_up_is_gone_and_a_quiet_one_is_not() -> None:
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
