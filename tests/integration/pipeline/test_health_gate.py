"""The health gate against real servers on loopback."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import pytest

from hookserver.config import HealthSettings
from hookserver.errors import Unhealthy
from hookserver.models import Endpoint
from hookserver.pipeline.health_gate import wait_until_healthy
from hookserver.pipeline.health_request import BODY_LIMIT

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nUP"
Handler = Callable[[int, socket.socket], None]


class FakeReplica:
    """A server that handles its n-th connection by ``answer(n, connection)``, and keeps what it was asked."""

    def __init__(self, answer: Handler, name: str = "hs-shop-blue-1", port: int = 0) -> None:
        self._server = socket.create_server(("127.0.0.1", port))
        self._answer = answer
        self.asked: list[str] = []
        self.endpoint = Endpoint(name, name[8:].replace("-", ""), "127.0.0.1", self._server.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> FakeReplica:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                self.asked.append("")
                threading.Thread(target=self._handle, args=(connection, len(self.asked) - 1), daemon=True).start()

    def _handle(self, connection: socket.socket, number: int) -> None:
        with connection, suppress(OSError):
            self.asked[number] = connection.recv(65536).decode()
            self._answer(number, connection)


def always(text: bytes) -> Handler:
    return lambda _, connection: connection.sendall(text)


def one_after_the_other(*answers: bytes) -> Handler:
    return lambda number, connection: connection.sendall(answers[min(number, len(answers) - 1)])


@pytest.fixture
def output() -> list[str]:
    return []


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def gate(**given: object) -> HealthSettings:
    return HealthSettings.model_validate({"path": "/health", "interval": 0.1, "timeout": 2.0, "deadline": 5.0, **given})


def fails(replica: FakeReplica | Endpoint, settings: HealthSettings) -> str:
    endpoint = replica.endpoint if isinstance(replica, FakeReplica) else replica
    with pytest.raises(Unhealthy) as caught:
        wait_until_healthy([endpoint], settings, "shop.example.com", lambda: None, lambda _: None)
    return caught.value.problem


def test_replicas_pass_as_soon_as_they_have_enough_good_answers(stack: ExitStack, output: list[str]) -> None:
    replicas = [stack.enter_context(FakeReplica(always(OK), f"hs-shop-blue-{n}")) for n in (1, 2, 3)]
    started = time.monotonic()
    wait_until_healthy([r.endpoint for r in replicas], gate(), "shop.example.com", lambda: None, output.append)
    assert 0.2 <= time.monotonic() - started < 0.35
    assert all(len(replica.asked) >= 3 for replica in replicas)
    assert sum(" at first " in line for line in output) == 3
    assert sum("is healthy: 3 good answers" in line for line in output) == 3


def test_request_is_that_of_a_visitor_behind_nginx(stack: ExitStack) -> None:
    replica = stack.enter_context(FakeReplica(always(OK)))
    wait_until_healthy([replica.endpoint], gate(), "*.example.com", lambda: None, lambda _: None)
    request = replica.asked[0]
    assert request.startswith("GET /health HTTP/1.1\r\n")
    assert "Host: example.com\r\n" in request
    assert "X-Forwarded-Proto: https\r\n" in request
    assert "X-Forwarded-For: 127.0.0.1\r\n" in request


def test_bad_answer_restarts_the_count(stack: ExitStack) -> None:
    bad = b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"
    replica = stack.enter_context(FakeReplica(one_after_the_other(OK, OK, bad, OK, OK, OK)))
    wait_until_healthy([replica.endpoint], gate(), "h", lambda: None, lambda _: None)
    assert len(replica.asked) >= 6


def test_replica_that_turns_bad_while_another_starts_fails_the_check(stack: ExitStack) -> None:
    bad = b"HTTP/1.1 503 X\r\nContent-Length: 4\r\n\r\nlost"
    fickle = stack.enter_context(FakeReplica(one_after_the_other(OK, OK, bad), "hs-shop-blue-1"))
    slow = stack.enter_context(FakeReplica(one_after_the_other(bad, bad, bad, bad, OK), "hs-shop-blue-2"))
    with pytest.raises(Unhealthy, match=r"hs-shop-blue-1.*answered 503, not 200: lost"):
        wait_until_healthy(
            [fickle.endpoint, slow.endpoint], gate(successes=2, deadline=1.5), "h", lambda: None, lambda _: None
        )


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 404 X\r\nContent-Length: 9\r\n\r\nno shop\r\n", "answered 404, not 200: no shop"),
        (b"HTTP/1.1 302 X\r\nLocation: /health2\r\nContent-Length: 0\r\n\r\n", "answered 302, not 200"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nDOWN", "answered 200, but 'UP' is not in it: DOWN"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nUP", "broke off"),
        (b"", "broke off"),
        (b"SSH-2.0-OpenSSH\r\n", "broke off"),
    ],
)
def test_reason_has_the_last_answer(stack: ExitStack, answer: bytes, reason: str) -> None:
    assert reason in fails(stack.enter_context(FakeReplica(always(answer))), gate(body="UP", deadline=0.4))


def test_reason_says_that_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    message = fails(Endpoint("hs-shop-blue-1", "blue1", "127.0.0.1", port), gate(deadline=0.3))
    assert message.startswith("not healthy after 0.3 s of requests for /health\n")
    assert f"hs-shop-blue-1 (127.0.0.1:{port}): refuses connections" in message


def test_slow_answer_takes_no_longer_than_the_timeout(stack: ExitStack) -> None:
    def drip(_: int, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        for _ in range(100):
            connection.sendall(b"x")
            time.sleep(0.05)

    replica = stack.enter_context(FakeReplica(drip))
    assert "gave no whole answer within 0.3 s" in fails(replica, gate(timeout=0.3, deadline=1.0))
    assert 2 <= len(replica.asked) <= 4


def test_silent_replica_does_not_outlast_the_deadline(stack: ExitStack) -> None:
    replica = stack.enter_context(FakeReplica(lambda *_: time.sleep(3)))
    started = time.monotonic()
    fails(replica, gate(timeout=30, deadline=0.5))
    assert time.monotonic() - started < 1


def test_body_without_end_is_read_in_bounds(stack: ExitStack) -> None:
    def flood(_: int, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nUP")
        for _ in range(100):
            connection.sendall(b"x" * BODY_LIMIT)

    replica = stack.enter_context(FakeReplica(flood))
    wait_until_healthy([replica.endpoint], gate(body="UP"), "h", lambda: None, lambda _: None)


def test_late_replica_is_noticed_at_once(stack: ExitStack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    up: list[float] = []

    def come_up() -> None:
        stack.enter_context(FakeReplica(always(OK), port=port))
        up.append(time.monotonic())

    timer = threading.Timer(0.5, come_up)
    timer.start()
    endpoint = Endpoint("hs-shop-blue-1", "blue1", "127.0.0.1", port)
    wait_until_healthy([endpoint], gate(interval=0.2), "h", lambda: None, lambda _: None)
    timer.join()
    assert time.monotonic() - up[0] < 0.55


def test_death_of_a_replica_ends_the_check_at_once(stack: ExitStack) -> None:
    replica = stack.enter_context(FakeReplica(lambda *_: time.sleep(3)))
    started = time.monotonic()

    def alive() -> None:
        if time.monotonic() > started + 0.3:
            raise Unhealthy("hs-shop-blue-1 ended with exit code 1")

    with pytest.raises(Unhealthy, match="exit code 1"):
        wait_until_healthy([replica.endpoint], gate(timeout=30, deadline=30), "h", alive, lambda _: None)
    assert time.monotonic() - started < 1


def test_death_in_the_last_moment_is_still_noticed(stack: ExitStack) -> None:
    replica = stack.enter_context(FakeReplica(always(OK)))

    def alive() -> None:
        if len(replica.asked) >= 3:
            raise Unhealthy("dead")

    with pytest.raises(Unhealthy, match="dead"):
        wait_until_healthy([replica.endpoint], gate(), "h", alive, lambda _: None)


def test_no_request_is_sent_after_the_check(stack: ExitStack) -> None:
    replica = stack.enter_context(FakeReplica(always(OK)))
    wait_until_healthy([replica.endpoint], gate(), "h", lambda: None, lambda _: None)
    asked = len(replica.asked)
    time.sleep(0.35)
    assert len(replica.asked) <= asked + 1


def test_replica_whose_context_failed_ends_the_check(stack: ExitStack) -> None:
    replica = stack.enter_context(FakeReplica(always(b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone")))
    began = time.monotonic()
    with pytest.raises(Unhealthy, match=r"never healthy: given up\n.*answered 404, not 200: gone"):
        wait_until_healthy(
            [replica.endpoint],
            gate(deadline=30.0),
            "shop.example.com",
            lambda: None,
            lambda _: None,
            given_up=lambda: "given up",
        )
    assert time.monotonic() - began < 3


def test_a_replica_that_answers_well_is_not_checked_for_having_given_up(stack: ExitStack) -> None:
    replica = stack.enter_context(FakeReplica(always(OK)))
    wait_until_healthy(
        [replica.endpoint], gate(), "shop.example.com", lambda: None, lambda _: None, given_up=lambda: "given up"
    )
