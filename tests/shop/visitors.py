"""Visitors who count every request that fails: on kept connections and on new ones, GET and POST."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from hookserver.state.wait_until import wait_until

_PAUSE = 0.02
"""Seconds between a visitor's requests: some 200 a second for all of them."""
_PATIENCE = 20.0


@dataclass(frozen=True)
class Visit:
    """One request; times are Unix seconds. ``version`` is the shop's own, ``problem`` says what went wrong."""

    sent: float
    answered: float
    is_new: bool
    version: str = ""
    problem: str = ""


@dataclass
class Visitors:
    """``kept`` connections and ``new`` ones at a time, from the start to the end of a ``with`` block."""

    port: int
    host: str
    kept: int = 3
    new: int = 2
    visits: list[Visit] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._over = threading.Event()
        targets = [self._keep] * self.kept + [self._come_anew] * self.new
        self._threads = [threading.Thread(target=target, daemon=True) for target in targets]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(_PATIENCE + 5)

    @property
    def failed(self) -> list[Visit]:
        return [visit for visit in self.visits if visit.problem]

    @property
    def versions(self) -> set[str]:
        return {visit.version for visit in self.visits if not visit.problem}

    def came_after(self, moment: float) -> list[Visit]:
        """The new visitors who came after ``moment``."""
        return [visit for visit in self.visits if visit.is_new and visit.sent > moment]

    def wait_for(self, count: int, seconds: float = 30) -> None:
        """Wait until ``count`` more requests have ended, well or badly."""
        wanted = len(self.visits) + count
        assert wait_until(lambda: len(self.visits) >= wanted, seconds), f"{len(self.visits)} of {wanted} visits"

    def _keep(self) -> None:
        with _Line(self.port, self.host) as line:
            while not self._over.is_set():
                self._visit(line, "GET", is_new=False)
                self._visit(line, "POST", is_new=False)
                self._over.wait(_PAUSE)

    def _come_anew(self) -> None:
        while not self._over.is_set():
            with _Line(self.port, self.host) as line:
                self._visit(line, "GET", is_new=True)
            self._over.wait(_PAUSE)

    def _visit(self, line: _Line, method: str, *, is_new: bool) -> None:
        sent = time.time()
        try:
            status, text = line.ask(method)
            problem = "" if status == 200 else f"{method}: {status}"
        except (OSError, http.client.HTTPException) as error:
            text, problem = "", f"{method}: {type(error).__name__} {error}"
            line.close()
        self.visits.append(Visit(sent, time.time(), is_new, "" if problem else text, problem))


class _Line:
    """A connection that is opened when needed. A request and its body are sent at once: the shop reads no body."""

    def __init__(self, port: int, host: str) -> None:
        self._port = port
        self._host = host
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_of_an_error: object) -> None:
        self.close()

    def ask(self, method: str) -> tuple[int, str]:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), _PATIENCE)
        body = "note=hello" if method == "POST" else ""
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        self._socket.sendall(f"{method} / HTTP/1.1\r\nHost: {self._host}\r\n{length}\r\n{body}".encode())
        with http.client.HTTPResponse(self._socket, method=method) as response:
            response.begin()
            text = response.read().decode("utf-8", "replace").strip()
            if response.will_close:
                self.close()
            return response.status, text

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
