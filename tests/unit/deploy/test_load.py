"""The load generator counts each kind of lost request. A small server loses them on purpose."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import signal
import socket
import socketserver
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).parents[3] / "deploy" / "load.py"
PATIENCE = 0.3
GOOD = b"HTTP/1.1 200 OK\r\nX-Shop-Version: 1.2.3\r\nContent-Length: 2\r\n\r\nok"

Answering = Callable[[bytes, socket.socket], bool]
"""Takes a request and its connection; returns whether the connection stays open."""


def load_program() -> Any:
    spec = importlib.util.spec_from_file_location("load_program", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["load_program"] = module
    spec.loader.exec_module(module)
    return module


class FakeServer(socketserver.ThreadingTCPServer):
    """Answers each request by a function of the test."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, answering: Answering) -> None:
        super().__init__(("127.0.0.1", 0), Connection)
        self.requests = 0
        self.answering = answering
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self._connections: list[socket.socket] = []
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,))
        self._thread.start()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.append(request)
        super().process_request(request, client_address)

    def stop(self) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()
        self.stop_connections()

    def stop_connections(self) -> None:
        for plug in self._connections:
            with suppress(OSError):
                plug.shutdown(socket.SHUT_RDWR)


class Connection(socketserver.BaseRequestHandler):
    server: FakeServer

    def handle(self) -> None:
        stays_open = True
        while stays_open and (request := self._read()):
            self.server.requests += 1
            stays_open = self.server.answering(request, self.request)

    def _read(self) -> bytes:
        """A complete request; empty if the client has closed the connection."""
        read = b""
        with suppress(ConnectionError):
            while (piece := self.request.recv(65536)) and not is_whole(read := read + piece):
                pass
        return read if is_whole(read) else b""


def is_whole(request: bytes) -> bool:
    head, end, body = request.partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return bool(end) and len(body) >= int(length or 0)


@contextmanager
def serving(answering: Answering) -> Iterator[FakeServer]:
    server = FakeServer(answering)
    try:
        yield server
    finally:
        server.stop()


def run_load(url: str, *options: str) -> dict[str, Any]:
    program = load_program()
    program.PATIENCE = PATIENCE
    report: dict[str, Any] = asyncio.run(program.run(program.parse([url, "--seconds", "0.15", *options])))
    return report


def answer_well(_: bytes, plug: socket.socket) -> bool:
    plug.sendall(GOOD)
    return True


def close_without_an_answer(_: bytes, plug: socket.socket) -> bool:
    return False


def reset(_: bytes, plug: socket.socket) -> bool:
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    plug.close()
    return False


def cut_off(_: bytes, plug: socket.socket) -> bool:
    plug.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
    return False


def cut_off_a_chunk(_: bytes, plug: socket.socket) -> bool:
    plug.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n10\r\nhalf")
    return False


def answer_502(_: bytes, plug: socket.socket) -> bool:
    plug.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
    return True


def say_nothing(_: bytes, plug: socket.socket) -> bool:
    return True


def talk_nonsense(_: bytes, plug: socket.socket) -> bool:
    plug.sendall(b"nonsense\r\n\r\n")
    return True


@pytest.mark.parametrize(
    ("answering", "reason"),
    [
        (close_without_an_answer, "closed without an answer"),
        (reset, "reset"),
        (cut_off, "cut off in its answer"),
        (cut_off_a_chunk, "cut off in its answer"),
        (answer_502, "status 502"),
        (say_nothing, "timeout"),
        (talk_nonsense, "list index out of range"),
    ],
)
@pytest.mark.parametrize(("kind", "options"), [("get", ("--connections", "3")), ("visitor get", ("--visitors", "100"))])
def test_each_lost_request_is_counted_with_its_reason(
    answering: Answering, reason: str, kind: str, options: tuple[str, ...]
) -> None:
    with serving(answering) as server:
        report = run_load(server.url, *options)
        assert report["requests"] == report["failed"] == server.requests > 0
    assert report["kinds"][kind]["failed"] > 0
    assert {failure["what"] for failure in report["failures"]} == {reason}


def test_good_answers_are_counted_and_nothing_else() -> None:
    with serving(answer_well) as server:
        report = run_load(server.url, "--connections", "4", "--visitors", "100")
        assert report["requests"] == server.requests > 50
    assert report["failed"] == report["closed_idle"] == 0
    assert sum(kind["requests"] for kind in report["kinds"].values()) == report["requests"]
    assert set(report["kinds"]) == {"get", "post", "visitor get", "visitor post"}
    assert report["versions"]["1.2.3"]["requests"] == report["requests"]


def test_one_lost_request_among_many_is_counted() -> None:
    requests = 0

    def lose_the_tenth(_: bytes, plug: socket.socket) -> bool:
        nonlocal requests
        requests += 1
        return requests != 10 and answer_well(_, plug)

    with serving(lose_the_tenth) as server:
        report = run_load(server.url, "--connections", "2")
    assert report["requests"] > 20
    assert report["failed"] == 1


def test_report_lists_twenty_failures_and_counts_all() -> None:
    with serving(answer_502) as server:
        report = run_load(server.url, "--connections", "30")
    assert report["failed"] > 20
    assert len(report["failures"]) == 20


def test_closed_port_is_reported_as_refused() -> None:
    with socket.socket() as plug:
        plug.bind(("127.0.0.1", 0))
        report = run_load(f"http://127.0.0.1:{plug.getsockname()[1]}", "--connections", "1")
    assert report["failed"] == report["requests"] > 0
    assert report["failures"][0]["what"] == "refused"


def test_announced_close_loses_nothing() -> None:
    def answer_and_close(_: bytes, plug: socket.socket) -> bool:
        plug.sendall(GOOD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        return False

    with serving(answer_and_close) as server:
        report = run_load(server.url, "--connections", "2")
    assert report["requests"] > 5
    assert report["failed"] == report["closed_idle"] == 0


def test_close_of_an_idle_connection_is_no_lost_request() -> None:
    def answer_and_close_silently(_: bytes, plug: socket.socket) -> bool:
        plug.sendall(GOOD)
        return False

    with serving(answer_and_close_silently) as server:
        report = run_load(server.url, "--connections", "1", "--think", "20")
    assert report["requests"] > 3
    assert report["failed"] == 0
    assert report["closed_idle"] >= report["requests"] - 1


def test_report_has_the_times_and_the_version_of_each_visitor() -> None:
    before = time.time()
    with serving(answer_well) as server:
        report = run_load(server.url, "--visitors", "100")
    assert len(report["visitors"]) == report["requests"]
    for visitor in report["visitors"]:
        assert before < visitor["sent"] < visitor["answered"] < time.time()
        assert visitor["version"] == "1.2.3"


def test_cookie_is_sent_only_on_the_connection_that_received_it() -> None:
    seen: list[bytes] = []

    def give_a_cookie(request: bytes, plug: socket.socket) -> bool:
        seen.append(request)
        plug.sendall(GOOD.replace(b"\r\n\r\n", b"\r\nSet-Cookie: JSESSIONID=abc.blue1; Path=/; HttpOnly\r\n\r\n"))
        return True

    with serving(give_a_cookie) as server:
        run_load(server.url, "--connections", "1", "--visitors", "100")
    shopper = [request for request in seen if b"Connection: close" not in request]
    visitors = [request for request in seen if b"Connection: close" in request]
    assert b"Cookie:" not in shopper[0]
    assert all(b"Cookie: JSESSIONID=abc.blue1\r\n" in request for request in shopper[1:])
    assert visitors
    assert not any(b"Cookie:" in request for request in visitors)


def test_upload_with_other_bytes_has_failed() -> None:
    with serving(answer_well) as server:
        report = run_load(server.url, "--uploads", "1", "--upload-seconds", "0.1")
    assert report["kinds"]["upload"]["failed"] == report["requests"] > 0
    assert report["failures"][0]["what"] == "the server received other bytes"


def test_interrupted_upload_has_failed() -> None:
    with serving(answer_well) as server:
        threading.Timer(0.2, server.stop_connections).start()
        report = run_load(server.url, "--uploads", "1", "--upload-seconds", "0.5")
    assert report["kinds"]["upload"]["failed"] == report["requests"]
    assert report["failures"][0]["what"] in ("reset", "closed without an answer")


def test_websocket_must_echo_and_stay_open() -> None:
    def upgrade_and_close(_: bytes, plug: socket.socket) -> bool:
        plug.sendall(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        return False

    with serving(upgrade_and_close) as server:
        report = run_load(server.url, "--websocket", "5")
    assert report["kinds"]["websocket"]["failed"] == 1

    with serving(answer_well) as server:
        report = run_load(server.url, "--websocket", "5")
    assert report["kinds"]["websocket"]["failed"] == 1


def test_requests_in_flight_are_finished_after_a_signal(tmp_path: Path) -> None:
    requested = threading.Event()

    def answer_late(_: bytes, plug: socket.socket) -> bool:
        requested.set()
        time.sleep(0.5)
        return answer_well(_, plug)

    report = tmp_path / "report.json"
    with serving(answer_late) as server:
        command = [sys.executable, str(PROGRAM), server.url, "--connections", "2", "--report", str(report)]
        with subprocess.Popen(command) as process:
            assert requested.wait(10)
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
    found = json.loads(report.read_text())
    assert found["failed"] == 0
    assert found["requests"] == 2


def test_exit_code_is_1_after_a_failure() -> None:
    with serving(answer_502) as server:
        done = subprocess.run(
            [sys.executable, str(PROGRAM), server.url, "--connections", "1", "--seconds", "0.2", "--progress"],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert json.loads(done.stdout)["failed"] > 0


@pytest.mark.parametrize(
    "url", ["http://192.0.2.1/", "http://example.com/", "https://127.0.0.1/", "http://0.0.0.0/", ""]
)
def test_address_outside_loopback_is_refused(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        load_program().parse([url])
    assert "only http:// and a loopback address" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["http://127.0.0.1:8088", "http://localhost:8088/", "http://[::1]:8088"])
def test_loopback_address_is_accepted(url: str) -> None:
    assert load_program().parse([url]).address[1] == 8088


class FakeShop:
    """Keeps customer and cart of each session, except the one that it forgets: that customer gets a new session."""

    def __init__(self, forgets: int) -> None:
        self._forgets = forgets
        self._carts: dict[bytes, tuple[str, int]] = {}

    def __call__(self, request: bytes, plug: socket.socket) -> bool:
        made, line = b"", request.split(b"\r\n", 1)[0]
        session = request.partition(b"JSESSIONID=")[2].partition(b"\r\n")[0]
        if b"/login" in line:
            session = b"s%d.blue1" % len(self._carts)
            made = b"Set-Cookie: JSESSIONID=" + session + b"; Path=/\r\n"
            self._carts[session] = (request.partition(b"name=")[2].decode(), 0)
        if b"/cart/add" in line and len(self._carts) == self._forgets:
            session = b"another.blue2"
            made = b"Set-Cookie: JSESSIONID=" + session + b"; Path=/\r\n"
            self._carts[session] = ("", 0)
        name, count = self._carts.get(session, ("", 0))
        if b"/cart/add" in line or b"/checkout" in line:
            count = 0 if b"/checkout" in line else count + 1
            self._carts[session] = (name, count)
        body = json.dumps({"customer": name, "count": count, "version": "1.2.3"}).encode()
        plug.sendall(b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s" % (made, len(body), body))
        return True


def test_customers_with_their_carts_pay() -> None:
    with serving(FakeShop(forgets=0)) as server:
        carts = run_load(server.url, "--customers", "2", "--customer-think", "1", "--seconds", "1")["carts"]
    assert carts["paid"] > 2
    assert carts["started"] >= carts["paid"]
    assert carts["lost"] == []
    assert all(sent > 0 and milliseconds > 0 for sent, milliseconds in carts["asked"])


def test_lost_cart_is_reported_with_its_replica() -> None:
    with serving(FakeShop(forgets=2)) as server:
        carts = run_load(server.url, "--customers", "1", "--customer-think", "1", "--seconds", "1")["carts"]
    (lost,) = carts["lost"]
    assert (lost["replica"], lost["wanted"], lost["found"], lost["by"]) == ("blue1", 1, 1, "1.2.3")
    assert carts["paid"] > 1


class LostConnection:
    """A connection that loses the answer."""

    def sendall(self, _: bytes) -> None:
        pass


class Interrupted:
    """A shop that redirects every second form back to its page, in turns without and with its effect."""

    def __init__(self) -> None:
        self.shop = FakeShop(forgets=0)
        self.forms = 0

    def __call__(self, request: bytes, plug: socket.socket) -> bool:
        self.forms += request.startswith(b"POST ")
        if not request.startswith(b"POST ") or self.forms % 2:
            return self.shop(request, plug)
        if self.forms % 4:
            self.shop(request, LostConnection())  # type: ignore[arg-type]
        page = request.partition(b"Referer: ")[2].partition(b"\r\n")[0]
        plug.sendall(b"HTTP/1.1 303 See Other\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % page)
        return True


def test_redirected_form_is_sent_again_only_if_it_had_no_effect() -> None:
    with serving(Interrupted()) as server:
        report = run_load(server.url, "--customers", "1", "--customer-think", "1", "--seconds", "1")
    assert report["carts"]["lost"] == []
    assert report["carts"]["paid"] > 1
    assert report["led_back"] > report["carts"]["paid"]
    assert report["failed"] == 0


class Unavailable:
    """A shop whose every third request is answered 503, the forms among them in turns without and with their effect."""

    def __init__(self) -> None:
        self.shop = FakeShop(forgets=0)
        self.requests = 0

    def __call__(self, request: bytes, plug: socket.socket) -> bool:
        self.requests += 1
        if self.requests % 3:
            return self.shop(request, plug)
        if self.requests % 2:
            self.shop(request, LostConnection())  # type: ignore[arg-type]
        plug.sendall(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
        return True


def test_patient_customers_keep_their_carts_while_no_replica_runs() -> None:
    with serving(Unavailable()) as server:
        report = run_load(server.url, "--customers", "1", "--customer-think", "1", "--patient", "--seconds", "1")
    assert report["carts"]["lost"] == []
    assert report["carts"]["paid"] > 1
    assert {status for _, status in report["unavailable"]} == {503}
    assert report["failed"] == 0


def test_redirect_of_the_shop_itself_is_not_counted() -> None:
    def see_the_cart(_: bytes, plug: socket.socket) -> bool:
        plug.sendall(b"HTTP/1.1 303 See Other\r\nLocation: /cart\r\nContent-Length: 0\r\n\r\n")
        return True

    with serving(see_the_cart) as server:
        report = run_load(server.url, "--connections", "2")
    assert report["kinds"]["post"]["requests"] > 0
    assert report["led_back"] == 0
