"""A small real HTTP server in the place of a replica."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_WEBSOCKET_MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Backend(ThreadingHTTPServer):
    """Answers with its name and what it was sent; ``requests`` are the (method, path) that came, in order.

    ``is_over``: the visitors' sessions have ended; it sends them to the place that the request names.
    ``redirects_to``: the location to which it asks Nginx to redirect every request.
    ``dying``: it answers nobody any more; called with the request's id.
    """

    request_queue_size = 128

    def __init__(self, host: str, name: str) -> None:
        self.name = name
        self.requests: list[tuple[str, str]] = []
        self.go_on = threading.Event()
        self.is_over = False
        self.redirects_to = ""
        self.dying: Callable[[str], None] | None = None
        super().__init__((host, 8080), _Handler)

    @contextmanager
    def serving(self) -> Iterator[Backend]:
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.go_on.set()
            self.shutdown()
            self.server_close()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Backend

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PATCH(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = urlsplit(self.path).path
        self.server.requests.append((self.command, self.path))
        if self.server.dying is not None:
            self.server.dying(self.headers["X-Request-Id"])
            self._break_off()
            return
        elsewhere = self.headers.get("X-Hookserver-Elsewhere")
        if elsewhere and self.server.is_over:
            self._read_body()
            self._send_away(elsewhere)
            return
        if self.server.redirects_to:
            self._read_body()
            self._send_away(self.server.redirects_to)
            return
        if path.endswith("/wait"):
            self.server.go_on.wait(30)
        if path.endswith("/die"):
            self._break_off()
            return
        if path.endswith("/events"):
            self._events()
            return
        if self.headers.get("Upgrade") == "websocket":
            self._websocket()
            return
        if path.endswith("/unread"):
            self._tell(0)
            self._read_body()
            return
        self._tell(self._read_body())

    def _break_off(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _send_away(self, elsewhere: str) -> None:
        self.send_response(200)
        self.send_header("X-Accel-Redirect", elsewhere)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _read_body(self) -> int:
        if self.headers.get("Transfer-Encoding") == "chunked":
            size = 0
            while length := int(self.rfile.readline(), 16):
                size += len(self.rfile.read(length))
                self.rfile.readline()
            self.rfile.readline()
            return size
        return len(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _tell(self, size: int) -> None:
        answer = {"name": self.server.name, "path": self.path, "size": size, "headers": dict(self.headers.items())}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _events(self) -> None:
        """The first event at once; the second when ``go_on`` is set."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for text in (b"data: 1\n\n", b"data: 2\n\n"):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
            self.wfile.flush()
            self.server.go_on.wait(30)
        self.wfile.write(b"0\r\n\r\n")

    def _websocket(self) -> None:
        """Shakes hands as RFC 6455 says, then sends back every byte."""
        key = self.headers["Sec-WebSocket-Key"] + _WEBSOCKET_MAGIC
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        self.close_connection = True
        while data := self.connection.recv(4096):
            self.connection.sendall(data)


@contextmanager
def silent(host: str) -> Iterator[None]:
    """An address that takes no connection and refuses none: its queue is full, as a removed container's would be."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, 8080))
        listener.listen(0)
        waiting = []
        for _ in range(4):
            waiting.append(socket.socket())
            waiting[-1].setblocking(False)
            waiting[-1].connect_ex((host, 8080))
        try:
            yield
        finally:
            for connection in waiting:
                connection.close()
