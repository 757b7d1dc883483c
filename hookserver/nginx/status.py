"""Sends questions to the status server of the running Nginx."""

from __future__ import annotations

from http.client import HTTPConnection, HTTPException

_PATIENCE = 1.0


def ask(host: str, port: int, name: str, content_type: str, question: str) -> str | None:
    """Nginx's answer to ``question``, such as ``/state/shop``; None when it gives none within a second.

    The status server is one of many at the address. Its ``name`` selects it, ``content_type`` proves its answer.
    """
    connection = HTTPConnection(host, port, timeout=_PATIENCE)
    try:
        connection.request("GET", question, headers={"Connection": "close", "Host": name})
        response = connection.getresponse()
        answer = response.read(1000).decode("ascii", "replace")
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()
    is_ours = response.status == 200 and content_type in response.getheader("Content-Type", "")
    return answer if is_ours else None
