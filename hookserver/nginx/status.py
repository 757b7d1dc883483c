"""Asks the running Nginx what it does, over its status socket."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path

PATH_LIMIT = 107
"""Bytes that Linux takes for a Unix socket's path."""
_PATIENCE = 1.0
_POLL = 0.01


class _UnixConnection(HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("hookserver", timeout=_PATIENCE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_PATIENCE)
        self.sock.connect(str(self._path))


def ask(status_socket: Path, question: str) -> str | None:
    """Nginx's answer to ``question``, such as ``/slot/shop``; None when it gives none within a second."""
    return _ask(_UnixConnection(status_socket), question, {})


def ask_at(host: str, port: int, name: str, content_type: str, question: str) -> str | None:
    """The same where the status server is one of many at an address: known by its ``name`` and its answer's type."""
    return _ask(HTTPConnection(host, port, timeout=_PATIENCE), question, {"Host": name}, content_type)


def _ask(connection: HTTPConnection, question: str, headers: dict[str, str], content_type: str = "") -> str | None:
    try:
        connection.request("GET", question, headers={"Connection": "close", **headers})
        response = connection.getresponse()
        answer = response.read(1000).decode("ascii", "replace")
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
    is_ours = response.status == 200 and content_type in response.getheader("Content-Type", "")
    return answer if is_ours else None


def comes_true(condition: Callable[[], bool], patience: float) -> bool:
    """Whether it does within ``patience`` seconds."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL)
    return True
