"""A server that answers as Nginx's status server does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from hookserver.nginx.text.servers import STATUS_TYPE


@dataclass
class StatusServer:
    """Answers every request with ``code``, ``content_type`` and ``text``; ``requests``: each one's host and path."""

    port: int = 0
    code: int = 200
    content_type: str = STATUS_TYPE
    text: str = "green"
    requests: list[tuple[str | None, str]] = field(default_factory=list)


@pytest.fixture
def status_server() -> Iterator[StatusServer]:
    answer = StatusServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer.requests.append((self.headers["Host"], self.path))
            self.send_response(answer.code)
            self.send_header("Content-Type", answer.content_type)
            self.end_headers()
            self.wfile.write(answer.text.encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        answer.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield answer
        server.shutdown()
        thread.join()


@pytest.fixture
def closed_port() -> int:
    """A port of the loopback address at which nobody listens."""
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        return int(server.server_address[1])
