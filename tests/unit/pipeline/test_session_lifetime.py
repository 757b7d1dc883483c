"""What replicas report about their sessions."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from hookserver.models import Endpoint
from hookserver.pipeline.session_lifetime import longest_session

Replica = Callable[[str | None], Endpoint]


class _Handler(BaseHTTPRequestHandler):
    answer: str | None

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def do_GET(self) -> None:
        assert self.headers["X-Hookserver-Sessions"]
        self.send_response(200 if self.path == "/shop" else 404)
        if self.answer is not None and self.path == "/shop":
            self.send_header("X-Hookserver-Sessions", self.answer)
        self.end_headers()


@pytest.fixture
def replica() -> Iterator[Replica]:
    """Starts one that gives this answer."""
    with ExitStack() as stack:

        def start(answer: str | None) -> Endpoint:
            server = stack.enter_context(HTTPServer(("127.0.0.1", 0), type("_", (_Handler,), {"answer": answer})))
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            stack.callback(server.shutdown)
            return Endpoint("hs-shop-blue-1", "blue1", "127.0.0.1", server.server_port)

        yield start


NOBODY = Endpoint("hs-shop-blue-2", "blue2", "127.0.0.1", 1)


@pytest.mark.parametrize(
    ("answers", "longest"),
    [(["0", "0"], 0), (["60", "14400"], 14400), (["60", "-1"], math.inf), (["60", None, "x"], 60), (["0", None], 0)],
)
def test_the_longest_lifetime_that_a_replica_reports_counts(
    replica: Replica, answers: list[str | None], longest: float
) -> None:
    assert longest_session([replica(answer) for answer in answers] + [NOBODY], "/shop") == longest


def test_sessions_may_live_for_ever_where_no_replica_reports_a_lifetime(replica: Replica) -> None:
    assert longest_session([replica(None), NOBODY], "/shop") == math.inf
    assert longest_session([], "/") == math.inf
