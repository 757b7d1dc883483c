"""The web process as others meet it: over sockets, slow, gone, too large, too many."""

from __future__ import annotations

import hashlib
import hmac
import json
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from hookserver.models import Push, Status, Trigger
from hookserver.nginx import refusals
from hookserver.nginx.text.web import CONNECTIONS, LARGE_BODIES, REFUSED_LOG
from hookserver.state.state_dir import StateDir
from hookserver.web.flood import LIMIT
from hookserver.web.followers import MAX_FOLLOWERS_OF_AN_APP
from tests.integration.web.conftest import SECRET, Player, Web, seconds_of

PUSH = json.dumps({"ref": "refs/heads/main", "after": "c" * 40}).encode()
DEPLOYS = "/api/v1/apps/shop/deploys"


def signed(body: bytes) -> dict[str, str]:
    digits = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": digits[:12],
        "X-Hub-Signature-256": f"sha256={digits}",
    }


def head(headers: dict[str, str], *more: str) -> bytes:
    lines = ["POST /hooks/shop HTTP/1.1", "Host: localhost", *(f"{k}: {v}" for k, v in headers.items()), *more]
    return "\r\n".join([*lines, "", ""]).encode()


def status_of(connection: socket.socket) -> int:
    with connection.makefile("rb") as answer:
        return int(answer.readline().split()[1])


class LogClient:
    """Reads a stream line by line; a line is there before the next one is written."""

    def __init__(self, web: Web, method: str, path: str, headers: dict[str, str] | None = None) -> None:
        self._socket = web.connect()
        given = {"Host": "localhost", "Authorization": f"Bearer {web.token}", "Connection": "close", **(headers or {})}
        lines = [f"{method} {path} HTTP/1.0", *(f"{k}: {v}" for k, v in given.items()), "", ""]
        self._socket.sendall("\r\n".join(lines).encode())
        self._file = self._socket.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        while self._file.readline().strip():
            pass

    def line(self) -> str:
        return self._file.readline().decode().rstrip("\n")

    def lines(self) -> Iterator[str]:
        while line := self._file.readline():
            yield line.decode().rstrip("\n")

    def leave(self) -> None:
        self._file.close()
        self._socket.close()


# Bodies


def test_chunked_push_without_a_length_is_accepted(web: Web) -> None:
    with web.connect() as connection:
        connection.sendall(head(signed(PUSH), "Transfer-Encoding: chunked"))
        for byte in (PUSH[:7], PUSH[7:]):
            connection.sendall(b"%x\r\n%s\r\n" % (len(byte), byte))
        connection.sendall(b"0\r\n\r\n")
        assert status_of(connection) == 202


def test_body_over_25_mb_is_413_also_in_chunks_without_a_length(web: Web) -> None:
    with web.connect() as connection:
        connection.sendall(head(signed(PUSH), f"Content-Length: {(25 << 20) + 1}"))
        assert status_of(connection) == 413
    with web.connect() as connection:
        connection.sendall(head(signed(PUSH), "Transfer-Encoding: chunked"))
        chunk = b"100000\r\n" + b" " * (1 << 20) + b"\r\n"
        for _ in range(25):
            connection.sendall(chunk)
        connection.sendall(b"10001\r\n" + b" " * 0x10001 + b"\r\n")
        assert status_of(connection) == 413


def test_chunks_that_are_none_are_400_through_nginx_and_on_the_socket_of_the_hooks(web: Web) -> None:
    for chunks in (b"zz\r\n", b"-1\r\n", b"2\r\nabcd\r\n", b"5\r\nab\r\n0\r\n\r\n"):
        for connect in (web.connect, web.connect_as_a_hook):
            with connect() as connection:
                connection.sendall(head(signed(PUSH), "Transfer-Encoding: chunked") + chunks)
                assert status_of(connection) in (400, 401), chunks
    with web.connect_as_a_hook() as connection:
        connection.sendall(head(signed(PUSH), "Transfer-Encoding: chunked") + b"5\r\nab")
        connection.shutdown(socket.SHUT_WR)
        assert status_of(connection) in (400, 401)
    assert web.store.deploys() == []
    assert web.is_up()


def test_largest_body_is_accepted(web: Web) -> None:
    body = PUSH[:-1] + b" " * ((25 << 20) - len(PUSH)) + b"}"
    assert web.request("POST", "/hooks/shop", body, signed(body))[0] == 202


def test_signature_that_is_sent_twice_is_401(web: Web) -> None:
    headers = signed(PUSH)
    again = f"X-Hub-Signature-256: {headers['X-Hub-Signature-256']}"
    with web.connect() as connection:
        connection.sendall(head(headers, f"Content-Length: {len(PUSH)}", again) + PUSH)
        assert status_of(connection) == 401


def test_incomplete_body_is_not_stored(web: Web) -> None:
    with web.connect() as connection:
        connection.sendall(head(signed(PUSH), f"Content-Length: {len(PUSH) + 1}") + PUSH)
    with web.connect_as_a_hook() as connection:
        connection.sendall(head(signed(PUSH), f"Content-Length: {len(PUSH) + 1}") + PUSH)
        connection.shutdown(socket.SHUT_WR)
        assert status_of(connection) == 400
    assert web.store.deploys() == []


def test_silent_half_sent_and_slow_requests_do_not_delay_pushes(web: Web) -> None:
    heads = [b"", b"POST /hooks/shop HTTP/1.1\r\nHost:", head(signed(PUSH), f"Content-Length: {len(PUSH)}") + PUSH[:1]]
    slow = [web.connect(f"127.0.0.{2 + number % 5}") for number in range(300)]
    for number, connection in enumerate(slow):
        connection.sendall(heads[number % 3])
    for number in range(20):
        headers = {**signed(PUSH), "X-GitHub-Delivery": f"push-{number}"}
        began = time.monotonic()
        assert web.request("POST", "/hooks/shop", PUSH, headers)[0] == 202
        assert time.monotonic() - began < 2
    assert len(web.store.deploys()) == 20
    for connection in slow:
        connection.close()


def test_source_with_too_many_requests_at_once_is_answered_429_and_others_are_not(
    web: Web, eventually: Callable[..., object]
) -> None:
    half = head(signed(PUSH), f"Content-Length: {len(PUSH)}") + PUSH[:1]
    slow = [web.connect("127.0.0.9") for _ in range(2 * CONNECTIONS)]
    for connection in slow:
        connection.sendall(half)

    def refused() -> list[socket.socket]:
        return select.select(slow, [], [], 0)[0]

    eventually(lambda: len(refused()) >= CONNECTIONS, deadline=5)
    assert len(refused()) < CONNECTIONS + 5
    answers = {connection.recv(20).split()[1] for connection in refused()}
    assert answers == {b"429"}
    assert web.request("POST", "/hooks/shop", PUSH, signed(PUSH))[0] == 202
    for connection in slow:
        connection.close()
    eventually(lambda: web.request("GET", "/livez", source="127.0.0.9")[0] == 200)
    log = web.state.nginx / REFUSED_LOG
    eventually(lambda: "127.0.0.9 (" in str(refusals.take(log)), deadline=5)


def test_few_large_bodies_are_taken_at_once_and_small_ones_beside_them(
    web: Web, eventually: Callable[..., object]
) -> None:
    large = [web.connect(f"127.0.0.{2 + number}") for number in range(LARGE_BODIES)]
    for connection in large:
        connection.sendall(head(signed(PUSH), "Content-Length: 2000000") + b" ")
    body = PUSH[:-1] + b" " * 1_500_000 + b"}"
    eventually(lambda: web.request("POST", "/hooks/shop", body, signed(body))[0] == 429)
    assert web.request("POST", "/hooks/shop", PUSH, signed(PUSH))[0] == 202
    for connection in large:
        connection.close()


def test_large_bodies_of_one_source_leave_places_for_others(web: Web, eventually: Callable[..., object]) -> None:
    large = [web.connect("127.0.0.9") for _ in range(3 * LARGE_BODIES)]
    for connection in large:
        connection.sendall(head(signed(PUSH), "Content-Length: 2000000") + b" ")
    eventually(lambda: len(select.select(large, [], [], 0)[0]) >= 2 * LARGE_BODIES, deadline=5)
    body = PUSH[:-1] + b" " * 1_500_000 + b"}"
    assert web.request("POST", "/hooks/shop", body, signed(body))[0] == 202
    for connection in large:
        connection.close()


def test_web_process_that_is_down_is_answered_503_with_the_reason(web: Web) -> None:
    web.process.terminate()
    web.process.wait(20)
    status, answer = web.request("POST", "/hooks/shop", PUSH, signed(PUSH))
    assert status == 503
    assert json.loads(answer)["detail"] == "The web process does not answer."


def test_address_that_a_sender_claims_does_not_count(web: Web) -> None:
    wrong = {**signed(PUSH), "X-Hub-Signature-256": f"sha256={'0' * 64}"}
    for number in range(LIMIT + 1):
        claimed = {**wrong, "X-Forwarded-For": f"10.0.0.{number}", "X-Real-IP": f"10.0.0.{number}"}
        status, _ = web.request("POST", "/hooks/shop", PUSH, claimed, source="127.0.0.9")
    assert status == 429
    assert web.request("POST", "/hooks/shop", PUSH, wrong, source="127.0.0.8")[0] == 401


def test_same_delivery_50_times_at_once_is_one_deploy(web: Web) -> None:
    statuses: list[int] = []

    def deliver() -> None:
        statuses.append(web.request("POST", "/hooks/shop", PUSH, signed(PUSH))[0])

    threads = [threading.Thread(target=deliver) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 49 + [202]
    assert len(web.store.deploys()) == 1


# Following


def test_followed_deploy_streams_its_log_line_by_line_and_ends_with_live(web: Web, player: Player) -> None:
    follower = LogClient(web, "POST", f"{DEPLOYS}?follow=1")
    assert follower.status == 202
    assert follower.line() == "-----> queued as deploy 1"
    assert follower.line() == "-----> Building"
    player.go_on.set()
    assert list(follower.lines()) == ["       built", "live"]
    follower.leave()


def test_followed_deploy_that_fails_says_why_in_its_last_line(web: Web, player: Player) -> None:
    player.status, player.reason = Status.FAILED, "no WAR came out\nof the build"
    player.go_on.set()
    follower = LogClient(web, "POST", f"{DEPLOYS}?follow=1")
    assert list(follower.lines())[-1] == "failed: no WAR came out"
    follower.leave()


def test_wait_answers_200_for_a_live_and_422_for_a_failed_deploy(web: Web, player: Player) -> None:
    player.go_on.set()
    status, body = web.request("POST", f"{DEPLOYS}?wait=1")
    assert (status, json.loads(body)["status"]) == (200, "live")
    player.status, player.reason = Status.FAILED, "no WAR came out"
    status, body = web.request("POST", f"{DEPLOYS}?wait=1")
    assert (status, json.loads(body)["detail"]) == (422, "failed: no WAR came out")
    curl = ["curl", "-fsS", "-X", "POST", "-H", f"Authorization: Bearer {web.token}", f"{web.url}{DEPLOYS}?wait=1"]
    assert subprocess.run(curl, capture_output=True, check=False).returncode == 22


def test_follower_that_leaves_frees_its_place_and_changes_nothing(
    web: Web, player: Player, eventually: Callable[..., object]
) -> None:
    first = LogClient(web, "POST", f"{DEPLOYS}?follow=1")
    followers = [LogClient(web, "GET", "/api/v1/deploys/1/log?follow=1") for _ in range(MAX_FOLLOWERS_OF_AN_APP - 1)]
    full = LogClient(web, "GET", "/api/v1/deploys/1/log?follow=1")
    assert full.status == 503
    for follower in (first, *followers, full):
        follower.leave()

    def may_follow_again() -> bool:
        again = LogClient(web, "GET", "/api/v1/deploys/1/log?follow=1")
        again.leave()
        return again.status == 200

    eventually(may_follow_again)
    assert web.store.deploy(1).status is Status.RUNNING
    player.go_on.set()
    eventually(lambda: web.store.deploy(1).status is Status.LIVE)


def test_pushes_are_taken_while_every_follower_place_is_accepted(web: Web, player: Player) -> None:
    web.request("POST", DEPLOYS)
    followers = [LogClient(web, "GET", "/api/v1/deploys/1/log?follow=1") for _ in range(MAX_FOLLOWERS_OF_AN_APP)]
    assert seconds_of(lambda: web.request("POST", "/hooks/shop", PUSH, signed(PUSH))) < 2
    for follower in followers:
        follower.leave()


def test_events_come_with_heartbeats_and_go_on_where_they_were_left(web: Web, player: Player) -> None:
    web.request("POST", DEPLOYS)
    accept = {"Accept": "text/event-stream"}
    follower = LogClient(web, "GET", "/api/v1/deploys/1/log", accept)
    lines = follower.lines()
    assert next(lines) == "retry: 2000"
    assert next(line for line in lines if line.startswith("data:")) == "data: -----> Building"
    assert next(line for line in lines if line.startswith(":")) == ": still here"
    follower.leave()
    player.go_on.set()
    resumed = LogClient(web, "GET", "/api/v1/deploys/1/log", {**accept, "Last-Event-ID": "16"})
    rest = [line for line in resumed.lines() if line and not line.startswith((":", "retry"))]
    assert rest[:2] == ["id: 29", "data:        built"]
    assert rest[2] == "event: end"
    assert json.loads(rest[3].removeprefix("data: "))["status"] == "live"
    resumed.leave()


# The process


def test_end_of_the_process_ends_its_streams_and_not_the_deploy(web: Web, player: Player) -> None:
    follower = LogClient(web, "POST", f"{DEPLOYS}?follow=1")
    idle = web.connect()
    web.process.terminate()
    assert seconds_of(lambda: web.process.wait(20)) < 5
    assert web.process.returncode == 0
    assert list(follower.lines())[-1] in ("queued", "running")
    player.go_on.set()
    follower.leave()
    idle.close()


def test_waiting_client_is_informed_when_the_process_ends(web: Web) -> None:
    answers: list[tuple[int, bytes]] = []
    waiter = threading.Thread(target=lambda: answers.append(web.request("POST", f"{DEPLOYS}?wait=1")))
    waiter.start()
    while not web.store.deploys():
        assert waiter.is_alive()
    web.process.send_signal(signal.SIGINT)
    waiter.join()
    assert answers[0][0] == 503
    assert json.loads(answers[0][1])["deploy"] == 1


def test_second_process_of_a_state_dir_ends_with_the_remedy(web: Web, settings_file: Path) -> None:
    settings_file.write_text(settings_file.read_text().replace("[server]", '[server]\nuser = "root"'))
    command = [sys.executable, "-m", "hookserver", "--config", str(settings_file), "serve"]
    second = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert second.returncode == 5
    assert "another web process runs" in second.stderr


def test_process_imports_only_needed_modules(state: StateDir) -> None:
    code = "import sys, hookserver.web.gunicorn; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"alembic", "docker", "git", "cryptography", "rich", "requests", "structlog"} & set(modules)


def test_push_that_was_acknowledged_survives_kill_9(web: Web) -> None:
    assert web.request("POST", "/hooks/shop", PUSH, signed(PUSH))[0] == 202
    web.process.kill()
    assert web.store.deploy(1).status is Status.QUEUED
    assert web.store.enqueue(Push("shop", Trigger.WEBHOOK, delivery=signed(PUSH)["X-GitHub-Delivery"])).duplicate
