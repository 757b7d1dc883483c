"""The health gate: every replica gives good answers, several in a row, before it gets traffic."""

from __future__ import annotations

import contextlib
import http.client
import queue
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hookserver.config import HealthSettings
from hookserver.errors import Unhealthy
from hookserver.models import Endpoint
from hookserver.pipeline.answer_excerpt import excerpt

BODY_LIMIT = 1 << 20
"""Bytes of an answer that are read, and searched for the text that must be in it."""
_CONNECT_TIMEOUT = 1.0
_RETRY_CONNECT = 0.05
_CHECK_ALIVE = 0.2
_CHECK_GIVEN_UP = 1.0
"""Seconds between two of each; a check of given-up replicas reads their logs."""


def wait_until_healthy(
    endpoints: Sequence[Endpoint],
    gate: HealthSettings,
    host: str,
    alive: Callable[[], None],
    report: Callable[[str], None],
    given_up: Callable[[], str] = lambda: "",
) -> None:
    """Return once every replica's last ``gate.successes`` answers were good.

    A good answer has a status of ``gate.status`` and ``gate.body`` in its text, and is whole within ``gate.timeout``. A
    redirect is an answer like any other: it is not followed. ``host`` is the app's domain. The request looks like one
    that Nginx passes on from a visitor with https, so an app that redirects plain http answers too. ``alive`` raises
    Unhealthy when a replica has died; it is called all the time, and once more at the end. ``given_up`` returns why no
    replica will ever be healthy, or nothing; it is called now and then while answers are bad.

    Raises Unhealthy at ``gate.deadline``, or once ``given_up`` returns a reason, with each replica's last answer.
    """
    started = time.monotonic()
    messages: queue.SimpleQueue[str] = queue.SimpleQueue()
    over = threading.Event()
    probes = [_Probe(endpoint, gate, host.removeprefix("*."), started, messages, over) for endpoint in endpoints]
    for probe in probes:
        threading.Thread(target=probe.run, name=f"health {probe.endpoint.name}", daemon=True).start()
    next_alive = next_given_up = started
    try:
        while not all(probe.is_healthy for probe in probes):
            if time.monotonic() >= started + gate.deadline:
                raise _unhealthy(probes, f"not healthy after {gate.deadline:g} s of requests for {gate.path}")
            if time.monotonic() >= next_alive:
                alive()
                next_alive = time.monotonic() + max(gate.interval, _CHECK_ALIVE)
            if time.monotonic() >= next_given_up and any(probe.answers_badly for probe in probes):
                if why := given_up():
                    raise _unhealthy(probes, f"never healthy: {why}")
                next_given_up = time.monotonic() + _CHECK_GIVEN_UP
            with contextlib.suppress(queue.Empty):
                report(messages.get(timeout=max(0.0, min(next_alive, started + gate.deadline) - time.monotonic())))
        alive()
    finally:
        over.set()
    while not messages.empty():
        report(messages.get())


@dataclass
class _Probe:
    """Sends requests to one replica until ``over`` is set; a change goes to ``messages``."""

    endpoint: Endpoint
    gate: HealthSettings
    host: str
    started: float
    messages: queue.SimpleQueue[str]
    over: threading.Event
    in_a_row: int = 0
    last: str = "got no request yet"
    answers_badly: bool = False

    @property
    def is_healthy(self) -> bool:
        return self.in_a_row >= self.gate.successes

    def run(self) -> None:
        heard = good = False
        while not self.over.is_set():
            began = time.monotonic()
            answer = self._request_once()
            self.last, self.answers_badly = answer.text, answer.whole and not answer.good
            if answer.heard and not heard:
                self._report(f"at first {answer.text}")
            elif answer.good and not good:
                self._report(answer.text)
            heard, good = heard or answer.heard, good or answer.good
            was_healthy = self.is_healthy
            self.in_a_row = self.in_a_row + 1 if answer.good else 0
            if self.is_healthy and not was_healthy:
                self._report(f"is healthy: {self.in_a_row} good answers in a row")
            elif was_healthy and not self.is_healthy:
                self._report(f"is no longer healthy: {answer.text}")
            pause = self.gate.interval if answer.heard else min(self.gate.interval, _RETRY_CONNECT)
            self.over.wait(max(0.0, began + pause - time.monotonic()))

    def _request_once(self) -> Answer:
        try:
            return judge(*request(self.endpoint, self.gate.path, self.host, self.gate.timeout), self.gate)
        except ConnectionRefusedError:
            return Answer("refuses connections: nothing listens there", heard=False)
        except Unreachable as error:
            return Answer(f"cannot be reached: {error}", heard=False)
        except TimeoutError:
            return Answer(f"gave no whole answer within {self.gate.timeout:g} s")
        except (OSError, http.client.HTTPException) as error:
            return Answer(f"broke off: {error or type(error).__name__}")

    def _report(self, text: str) -> None:
        self.messages.put(f"{self.endpoint.route} {text}, after {time.monotonic() - self.started:.1f} s")


@dataclass(frozen=True)
class Answer:
    """What a request led to. ``heard`` is False while nothing listens yet; ``whole``: an answer came, good or not."""

    text: str
    good: bool = False
    heard: bool = True
    whole: bool = False


class Unreachable(OSError):
    """No connection was made: the address is not up yet, or nothing answers there."""


def judge(status: int, body: bytes, gate: HealthSettings) -> Answer:
    """Whether an answer is good, and its description for a person."""
    text = body.decode("utf-8", "replace")
    if status not in gate.status:
        wanted = " or ".join(map(str, gate.status))
        return Answer(f"answered {status}, not {wanted}: {excerpt(text)}".rstrip(": "), whole=True)
    if gate.body not in text:
        return Answer(f"answered {status}, but {gate.body!r} is not in it: {excerpt(text)}".rstrip(": "), whole=True)
    return Answer(f"answered {status}", good=True, whole=True)


def request(endpoint: Endpoint, path: str, host: str, timeout: float) -> tuple[int, bytes]:
    """Send one GET; the status, and at most `BODY_LIMIT` bytes of the body.

    Raises Unreachable or ConnectionRefusedError when no connection was made, TimeoutError when the answer is not whole
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
            raise Unreachable(str(error) or "no answer") from error
        connection = http.client.HTTPConnection(endpoint.host, endpoint.port)
        connection.sock = tcp
        connection.request("GET", path, headers=_headers(host))
        with connection.getresponse() as response:
            body = response.read(BODY_LIMIT)
            if response.length and len(body) < BODY_LIMIT:
                raise http.client.IncompleteRead(body, response.length)
            return response.status, body
    finally:
        tcp.close()


class _DeadlineSocket(socket.socket):
    """A TCP socket with one deadline for all its reads and writes: a socket's own timeout is for each of them."""

    def __init__(self, ends: float) -> None:
        super().__init__(socket.AF_INET, socket.SOCK_STREAM)
        self._ends = ends

    def recv_into(self, *arguments: object, **more: object) -> int:
        self._limit_to_deadline()
        return super().recv_into(*arguments, **more)  # type: ignore[arg-type]

    def sendall(self, *arguments: object) -> None:
        self._limit_to_deadline()
        super().sendall(*arguments)  # type: ignore[arg-type]

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
        "Accept-Encoding": "identity",
        "X-Forwarded-For": "127.0.0.1",
        "X-Forwarded-Proto": "https",
        "Connection": "close",
    }


def _unhealthy(probes: Sequence[_Probe], problem: str) -> Unhealthy:
    lines = [
        f"{probe.endpoint.name} ({probe.endpoint.host}:{probe.endpoint.port}): {probe.last}"
        for probe in probes
        if not probe.is_healthy
    ]
    return Unhealthy(
        "\n".join((problem, *lines)),
        "If the release is good, check apps.<app>.health: path, status, body, timeout and deadline.",
    )
