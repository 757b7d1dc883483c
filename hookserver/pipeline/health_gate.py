"""The health gate: every replica answers well, several times in a row, before it gets traffic."""

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
"""Bytes of an answer that are read; a text that must be there is looked for in these."""
_CONNECT_TIMEOUT = 1.0
_UNTIL_IT_LISTENS = 0.05
_ASK_ALIVE = 0.2
_ASK_WHETHER_IT_GAVE_UP = 1.0


def wait_until_healthy(
    endpoints: Sequence[Endpoint],
    gate: HealthSettings,
    host: str,
    alive: Callable[[], None],
    log: Callable[[str], None],
    gave_up: Callable[[], str] = lambda: "",
) -> None:
    """Return once every replica's last ``gate.successes`` answers were good.

    Good is a status of ``gate.status``, ``gate.body`` in the text, all within ``gate.timeout``; a redirect is an
    answer like any other and is not followed. ``host`` is the app's domain: the request looks like one that Nginx
    passes on from a visitor with https, so an app that sends plain http away answers too. ``alive`` raises Unhealthy
    when a replica has died; it is asked all the while, and once more at the end. ``gave_up`` says why it will never
    be healthy, or nothing; it is asked now and then while a replica's answers are bad.

    Raises Unhealthy at ``gate.deadline``, or once ``gave_up`` says why, with each replica's last answer.
    """
    started = time.monotonic()
    news: queue.SimpleQueue[str] = queue.SimpleQueue()
    over = threading.Event()
    probes = [_Probe(endpoint, gate, host.removeprefix("*."), started, news, over) for endpoint in endpoints]
    for probe in probes:
        threading.Thread(target=probe.run, name=f"health {probe.endpoint.name}", daemon=True).start()
    next_alive = next_gave_up = started
    try:
        while not all(probe.is_healthy for probe in probes):
            if time.monotonic() >= started + gate.deadline:
                raise _unhealthy(probes, f"not healthy after {gate.deadline:g} s of asking for {gate.path}")
            if time.monotonic() >= next_alive:
                alive()
                next_alive = time.monotonic() + max(gate.interval, _ASK_ALIVE)
            if time.monotonic() >= next_gave_up and any(probe.answers_badly for probe in probes):
                if why := gave_up():
                    raise _unhealthy(probes, f"never to be healthy: {why}")
                next_gave_up = time.monotonic() + _ASK_WHETHER_IT_GAVE_UP
            with contextlib.suppress(queue.Empty):
                log(news.get(timeout=max(0.0, min(next_alive, started + gate.deadline) - time.monotonic())))
        alive()
    finally:
        over.set()
    while not news.empty():
        log(news.get())


@dataclass
class _Probe:
    """Asks one replica until all is over; what changes is told in ``news``."""

    endpoint: Endpoint
    gate: HealthSettings
    host: str
    started: float
    news: queue.SimpleQueue[str]
    over: threading.Event
    in_a_row: int = 0
    last: str = "was not asked yet"
    answers_badly: bool = False

    @property
    def is_healthy(self) -> bool:
        return self.in_a_row >= self.gate.successes

    def run(self) -> None:
        heard = good = False
        while not self.over.is_set():
            asked = time.monotonic()
            answer = self._ask_once()
            self.last, self.answers_badly = answer.text, answer.whole and not answer.good
            if answer.heard and not heard:
                self._tell(f"at first {answer.text}")
            elif answer.good and not good:
                self._tell(answer.text)
            heard, good = heard or answer.heard, good or answer.good
            was_healthy = self.is_healthy
            self.in_a_row = self.in_a_row + 1 if answer.good else 0
            if self.is_healthy and not was_healthy:
                self._tell(f"is healthy: {self.in_a_row} good answers in a row")
            elif was_healthy and not self.is_healthy:
                self._tell(f"is no longer healthy: {answer.text}")
            pause = self.gate.interval if answer.heard else min(self.gate.interval, _UNTIL_IT_LISTENS)
            self.over.wait(max(0.0, asked + pause - time.monotonic()))

    def _ask_once(self) -> Answer:
        try:
            return judge(*ask(self.endpoint, self.gate.path, self.host, self.gate.timeout), self.gate)
        except ConnectionRefusedError:
            return Answer("refuses connections: nothing listens there", heard=False)
        except Unreachable as error:
            return Answer(f"cannot be reached: {error}", heard=False)
        except TimeoutError:
            return Answer(f"gave no whole answer within {self.gate.timeout:g} s")
        except (OSError, http.client.HTTPException) as error:
            return Answer(f"broke off: {error or type(error).__name__}")

    def _tell(self, text: str) -> None:
        self.news.put(f"{self.endpoint.route} {text}, after {time.monotonic() - self.started:.1f} s")


@dataclass(frozen=True)
class Answer:
    """What came of one question; ``heard`` is False while nothing listens yet, ``whole``: an answer, good or not."""

    text: str
    good: bool = False
    heard: bool = True
    whole: bool = False


class Unreachable(OSError):
    """No connection came about: the address is not up yet, or nothing answers there."""


def judge(status: int, body: bytes, gate: HealthSettings) -> Answer:
    """Whether an answer is good, and its description for a person."""
    text = body.decode("utf-8", "replace")
    if status not in gate.status:
        wanted = " or ".join(map(str, gate.status))
        return Answer(f"answered {status}, not {wanted}: {excerpt(text)}".rstrip(": "), whole=True)
    if gate.body not in text:
        return Answer(f"answered {status}, but {gate.body!r} is not in it: {excerpt(text)}".rstrip(": "), whole=True)
    return Answer(f"answered {status}", good=True, whole=True)


def ask(endpoint: Endpoint, path: str, host: str, timeout: float) -> tuple[int, bytes]:
    """One GET; the status, and at most `BODY_LIMIT` bytes of the body.

    Raises Unreachable or ConnectionRefusedError when no connection came about, TimeoutError when the answer was not
    whole after ``timeout`` seconds, other OSErrors and HTTPExceptions when it broke off.
    """
    ends = time.monotonic() + timeout
    plug = _DeadlineSocket(ends)
    try:
        plug.settimeout(min(timeout, _CONNECT_TIMEOUT))
        try:
            plug.connect((endpoint.host, endpoint.port))
        except ConnectionRefusedError:
            raise
        except OSError as error:
            raise Unreachable(str(error) or "no answer") from error
        connection = http.client.HTTPConnection(endpoint.host, endpoint.port)
        connection.sock = plug
        connection.request("GET", path, headers=_headers(host))
        with connection.getresponse() as response:
            body = response.read(BODY_LIMIT)
            if response.length and len(body) < BODY_LIMIT:
                raise http.client.IncompleteRead(body, response.length)
            return response.status, body
    finally:
        plug.close()


class _DeadlineSocket(socket.socket):
    """A TCP socket whose reads and writes end all together at one moment, not each by itself."""

    def __init__(self, ends: float) -> None:
        super().__init__(socket.AF_INET, socket.SOCK_STREAM)
        self._ends = ends

    def recv_into(self, *arguments: object, **more: object) -> int:
        self._wait_no_longer()
        return super().recv_into(*arguments, **more)  # type: ignore[arg-type]

    def sendall(self, *arguments: object) -> None:
        self._wait_no_longer()
        super().sendall(*arguments)  # type: ignore[arg-type]

    def _wait_no_longer(self) -> None:
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
        "If the release is good, look at apps.<app>.health: path, status, body, timeout and deadline.",
    )
