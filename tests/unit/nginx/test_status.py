"""Questions to the status server."""

from __future__ import annotations

import socket
import time

import pytest

from hookserver.nginx import status
from hookserver.nginx.status import ask
from hookserver.nginx.text.servers import STATUS_TYPE
from tests.unit.nginx.conftest import StatusServer


def test_ask_sends_the_question_to_the_servers_name_and_returns_the_answer(status_server: StatusServer) -> None:
    assert ask("127.0.0.1", status_server.port, "secret-name", STATUS_TYPE, "/state/shop") == "green"
    assert status_server.requests == [("secret-name", "/state/shop")]


@pytest.mark.parametrize(
    ("code", "content_type"), [(404, STATUS_TYPE), (301, STATUS_TYPE), (200, "text/plain"), (200, "")]
)
def test_ask_takes_no_answer_of_another_server(status_server: StatusServer, code: int, content_type: str) -> None:
    status_server.code, status_server.content_type = code, content_type
    assert ask("127.0.0.1", status_server.port, "secret-name", STATUS_TYPE, "/state/shop") is None
    assert status_server.requests


def test_ask_returns_none_where_nothing_listens(closed_port: int) -> None:
    assert ask("127.0.0.1", closed_port, "secret-name", STATUS_TYPE, "/state/shop") is None


def test_ask_gives_up_on_a_silent_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "_PATIENCE", 0.1)
    # The kernel accepts the connection for a listening socket, and nobody ever answers on it: listen(2).
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        assert ask("127.0.0.1", silent.getsockname()[1], "secret-name", STATUS_TYPE, "/state/shop") is None
    assert time.monotonic() - began < 5
