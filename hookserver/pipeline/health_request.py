"""One request of the health gate to one replica, with a deadline for the whole answer."""

from __future__ import annotations

import http.client
import socket
import time
from dataclasses import dataclass

from hookserver.config import HealthSettings
from hookserver.models import Endpoint
from hookserver.pipeline.answer_excerpt import excerpt

BODY_LIMIT = 1 << 20
"""Bytes of an answer that are read, and searched for the text that must be in it."""
_CONNECT_TIMEOUT = 1.0


@dataclass(frozen=True)
class HealthAnswer:
    """The answer to a request. ``heard`` is False while nothing listens yet; ``whole``: an answer came, good or not."""

    text: str
    good: bool = False
    heard: bool = True
    whole: bool = False


def request_health(endpoint: Endpoint, gate: HealthSettings, host: str) -> HealthAnswer:
    """Send one request to the replica, and judge its answer, or why there is none."""
    try:
        return judge(*_request(endpoint, gate.path, host, gate.timeout), gate)
    except ConnectionRefusedError:
        return HealthAnswer("refuses connections: nothing listens there", heard=False)
    except _Unreachable as error:
        return HealthAnswer(f"cannot be reached: {error}", heard=False)
    except TimeoutError:
        return HealthAnswer(f"gave no whole answer within {gate.timeout:g} s")
    except (OSError, http.client.HTTPException) as error:
        return HealthAnswer(f"broke off: {error or type(error).__name__}")


def judge(status: int, body: bytes, gate: HealthSettings) -> HealthAnswer:
    """Whether an answer is good, and its description for a person."""
    text = body.decode("utf-8", "replace")
    if status not in gate.status:
        wanted = " or ".join(map(str, gate.status))
        return HealthAnswer(f"answered {status}, not {wanted}: {excerpt(text)}".rstrip(": "), whole=True)
    if gate.body not in text:
        missing = f"answered {status}, but {gate.body!r} is not in it: {excerpt(text)}".rstrip(": ")
        return HealthAnswer(missing, whole=True)
    return HealthAnswer(f"answered {status}", good=True, whole=True)


class _Unreachable(OSError):
    """No connection was made: the address is not up yet, or nothing answers there."""


def _request(endpoint: Endpoint, path: str, host: str, timeout: float) -> tuple[int, bytes]:
    """Send one GET; the status, and at most `BODY_LIMIT` bytes of the body.

    Raises _Unreachable or ConnectionRefusedError when no connection was made, TimeoutError when the answer is not whole
    after ``timeout`` seconds, another OSError or an HTTPException when it broke off.
    """
    ends = time.monotonic() + timeout
    tcp = _DeadlineSocket(ends)
    try:
        tcp.settimeout(min(timeout, _CONNECT_TIMEOUT))
        try:
            tcp.connect((endpoint.host, endpoint.port))
        except ConnectionRefusedError:
            raise
        except OSError as error:
            raise _Unreachable(str(error) or "no answer") from error
        connection = http.client.HTTPConnection(endpoint.host, endpoint.port)
        connection.sock = tcp  # http.client would connect by itself, without the deadline
        connection.request("GET", path, headers=_headers(host))
        with connection.getresponse() as response:
            body = response.read(BODY_LIMIT)
            # HTTPResponse.read(n) returns less, without an error, when the connection breaks.
            if response.length and len(body) < BODY_LIMIT:
                raise http.client.IncompleteRead(body, response.length)
            return response.status, body
    finally:
        tcp.close()


class _DeadlineSocket(socket.socket):
    """A TCP socket with one deadline for all its reads and writes: a socket's own timeout applies to each of them.

    https://docs.python.org/3/library/socket.html#socket-timeouts
    """

    def __init__(self, ends: float) -> None:
        super().__init__(socket.AF_INET, socket.SOCK_STREAM)
        self._ends = ends

    def recv_into(self, *arguments: object, **more: object) -> int:
        self._limit_to_deadline()
        return super().recv_into(*arguments, **more)  # type: ignore[arg-type]  # passed on

    def sendall(self, *arguments: object) -> None:
        self._limit_to_deadline()
        super().sendall(*arguments)  # type: ignore[arg-type]  # passed on

    def _limit_to_deadline(self) -> None:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.settimeout(left)


def _headers(host: str) -> dict[str, str]:
    return {
        "Host": host,
        "User-Agent": "hookserver-health",
        "Accept": "*/*",
        "Accept-Encoding": "identity",  # `health.body` is searched in the text itself
        "X-Forwarded-For": "127.0.0.1",
        "X-Forwarded-Proto": "https",
        "Connection": "close",
    }
