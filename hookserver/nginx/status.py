"""Asks the running Nginx what it does, over its status socket."""

from __future__ import annotations

import socket
from http.client import HTTPConnection, HTTPException
from pathlib import Path

PATH_LIMIT = 107
"""Bytes that Linux takes for a Unix socket's path."""
_PATIENCE = 1.0


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
    connection = _UnixConnection(status_socket)
    try:
        connection.request("GET", question, headers={"Connection": "close"})
        response = connection.getresponse()
        answer = response.read(1000).decode("ascii", "replace")
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
    return answer if response.status == 200 else None
