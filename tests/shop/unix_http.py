"""HTTP over a Unix socket, as Nginx and the hooks speak it to the web process."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class UnixAnswer:
    """The answer to a request."""

    status: int
    body: bytes


class UnixConnection(http.client.HTTPConnection):
    """A connection to the socket at ``path``."""

    def __init__(self, path: Path, timeout: float = 20) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Connect, as the base class does for a host and a port."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def ask(
    path: Path, method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> UnixAnswer:
    """One request. Raises OSError when nobody answers."""
    connection = UnixConnection(path)
    try:
        connection.request(method, url, body, dict(headers or {}))
        answer = connection.getresponse()
        return UnixAnswer(answer.status, answer.read())
    finally:
        connection.close()
