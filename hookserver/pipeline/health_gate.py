"""The health gate: every replica gives good answers, several in a row, before it gets traffic."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hookserver.config import HealthSettings
from hookserver.errors import Unhealthy
from hookserver.models import Endpoint
from hookserver.pipeline.health_request import request_health

_RETRY_CONNECT = 0.05
_CHECK_ALIVE = 0.5
_CHECK_GIVEN_UP = 1.0
"""Seconds between two of each: Docker's answers take time from the Tomcats that start."""


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
    redirect is an answer like any other: it is not followed. ``host`` is the app's domain. The request has the headers
    of one that Nginx passes on from a visitor with https, so an app that redirects plain http answers too. ``alive``
    raises Unhealthy when a replica has died; it is called all the time, and once more at the end. ``given_up`` returns
    why no replica will ever be healthy, or nothing; it is called now and then while answers are bad.

    Raises Unhealthy at ``gate.deadline``, or once ``given_up`` returns a reason, with each replica's last answer.
    """
    started = time.monotonic()
    messages: queue.SimpleQueue[str] = queue.SimpleQueue()
    over = threading.Event()
    probes = [_Probe(endpoint, gate, host.removeprefix("*."), started, messages, over) for endpoint in endpoints]
    for probe in probes:
        # daemon=True: a request that hangs must not keep the process alive after the check.
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
        alive()  # a replica may have died after its last good answer
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
            answer = request_health(self.endpoint, self.gate, self.host)
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

    def _report(self, text: str) -> None:
        self.messages.put(f"{self.endpoint.route} {text}, after {time.monotonic() - self.started:.1f} s")


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
