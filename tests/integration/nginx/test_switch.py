"""The switch of traffic, as visitors see it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException

import pytest
from websocket import create_connection

from hookserver.errors import NginxError
from hookserver.models import Slot, TrafficState
from tests.integration.nginx.conftest import NginxSite
from tests.waiting import until

pytestmark = pytest.mark.parametrize("site", ["managed", "system", "compiled"], indirect=True)


def start(site: NginxSite) -> None:
    site.serve(Slot.BLUE)
    site.serve(Slot.GREEN)
    site.apply()


def test_an_app_that_is_not_live_answers_503_with_a_page_and_retry_after(site: NginxSite) -> None:
    start(site)
    answer = site.ask()
    assert answer.status == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "try again" in answer.body
    assert site.nginx.get("shop").live is None
    assert site.nginx.answered("shop").live is None


@pytest.mark.parametrize("slot", Slot)
def test_a_first_deploy_goes_live_on_either_slot(site: NginxSite, slot: Slot) -> None:
    start(site)
    site.nginx.set("shop", TrafficState(slot))
    assert site.nginx.get("shop") == site.nginx.answered("shop") == TrafficState(slot)
    assert site.ask().json["name"].startswith(slot)


def test_a_request_after_the_switch_is_never_answered_by_the_old_slot(site: NginxSite) -> None:
    start(site)
    for slot in (Slot.BLUE, Slot.GREEN) * 10:
        site.nginx.set("shop", TrafficState(slot))
        assert site.ask().json["name"].startswith(slot)


def test_a_closed_app_answers_503_until_a_slot_is_live_again(site: NginxSite) -> None:
    start(site)
    site.nginx.set("shop", TrafficState(Slot.GREEN))
    site.nginx.set("shop", TrafficState())
    assert site.ask().status == 503
    site.nginx.set("shop", TrafficState(Slot.BLUE))
    assert site.ask().json["name"].startswith("blue")


def test_switching_under_keep_alive_load_loses_no_request(site: NginxSite) -> None:
    start(site)
    site.nginx.set("shop", TrafficState(Slot.BLUE))
    over = threading.Event()
    served: list[int] = []
    lost: list[str] = []

    def visit() -> None:
        connection = site.connect()
        count = 0
        while not over.is_set():
            try:
                method = "POST" if count % 3 == 0 else "GET"
                connection.request(method, "/", b"x" * 100 if method == "POST" else None, {"Host": "shop.example.com"})
                response = connection.getresponse()
                response.read()
                if response.status != 200:
                    lost.append(str(response.status))
            except (OSError, HTTPException) as error:
                lost.append(repr(error))
            count += 1
        connection.close()
        served.append(count)

    visitors = [threading.Thread(target=visit) for _ in range(8)]
    for visitor in visitors:
        visitor.start()
    for slot in (Slot.GREEN, Slot.BLUE) * 15:
        site.nginx.set("shop", TrafficState(slot))
        time.sleep(0.05)
    over.set()
    for visitor in visitors:
        visitor.join()
    assert lost == []
    assert sum(served) > 200


def test_an_upload_that_began_before_the_switch_ends_on_the_old_slot_and_counts_as_in_flight(site: NginxSite) -> None:
    start(site)
    site.nginx.set("shop", TrafficState(Slot.BLUE))
    blue = site.endpoints(Slot.BLUE)
    with socket.create_connection(("127.0.0.1", site.ports[0]), timeout=10) as upload:
        upload.sendall(b"POST / HTTP/1.1\r\nHost: shop.example.com\r\nContent-Length: 200000\r\n\r\n" + b"x" * 1000)
        until(lambda: site.nginx.requests_in_flight(blue) == 1)
        site.nginx.set("shop", TrafficState(Slot.GREEN))
        assert site.nginx.requests_in_flight(blue) == 1
        upload.sendall(b"x" * 199_000)
        answer = upload.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 200")
    assert '"name": "blue' in answer
    assert '"size": 200000' in answer
    until(lambda: site.nginx.requests_in_flight(blue) == 0, deadline=8)


def test_small_body_that_completes_after_its_slot_retired_is_answered_by_the_live_slot(site: NginxSite) -> None:
    start(site)
    site.nginx.set("shop", TrafficState(Slot.BLUE))
    with _dawdling(site, "/") as visitor:
        site.nginx.set("shop", TrafficState(Slot.GREEN))
        for replica in site.backends.values():
            if replica.name.startswith("blue"):
                replica.shutdown()
                replica.server_close()
        visitor.sendall(b"x")
        answer = visitor.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 200")
    assert '"name": "green' in answer
    assert '"size": 2' in answer


def test_a_small_body_that_a_replica_failed_over_is_not_sent_to_the_live_slot_too(site: NginxSite) -> None:
    start(site)
    site.nginx.set("shop", TrafficState(Slot.BLUE))
    with _dawdling(site, "/die") as visitor:
        site.nginx.set("shop", TrafficState(Slot.GREEN))
        visitor.sendall(b"x")
        answer = _until_end(visitor)
    assert answer.startswith("HTTP/1.1 502")
    assert "try again" in answer
    asked = {name for (_, name), replica in site.backends.items() if ("POST", "/die") in replica.requests}
    assert [name[:4] for name in asked] == ["blue"]


def test_small_body_for_a_live_slot_without_replicas_gets_the_error_page(site: NginxSite) -> None:
    site.apply()
    site.nginx.set("shop", TrafficState(Slot.BLUE))
    answer = site.ask(method="POST", body=b"xx")
    assert answer.status == 503
    assert "try again" in answer.body


def _until_end(visitor: socket.socket) -> str:
    """The whole answer, whose head and page may come apart."""
    answer = b""
    while not answer.endswith(b"</html>\n") and (part := visitor.recv(65536)):
        answer += part
    return answer.decode()


@contextmanager
def _dawdling(site: NginxSite, path: str) -> Iterator[socket.socket]:
    """A visitor whose request lacks the last byte of its two."""
    with socket.create_connection(("127.0.0.1", site.ports[0]), timeout=10) as visitor:
        visitor.sendall(f"POST {path} HTTP/1.1\r\nHost: shop.example.com\r\nContent-Length: 2\r\n\r\nx".encode())
        time.sleep(0.2)
        yield visitor


def test_a_websocket_passes_lives_through_a_switch_and_counts_as_in_flight(site: NginxSite) -> None:
    start(site)
    site.nginx.set("shop", TrafficState(Slot.BLUE))
    raw = create_connection(f"ws://127.0.0.1:{site.ports[0]}/ws", host="shop.example.com", timeout=5).sock
    assert raw is not None
    site.nginx.set("shop", TrafficState(Slot.GREEN))
    raw.sendall(b"still here")
    assert raw.recv(100) == b"still here"
    assert site.nginx.requests_in_flight(site.endpoints(Slot.BLUE)) == 1
    raw.close()
    until(lambda: site.nginx.requests_in_flight(site.endpoints(Slot.BLUE)) == 0)


def test_an_event_stream_reaches_the_visitor_event_by_event(site: NginxSite) -> None:
    site.serve(Slot.BLUE)
    site.apply()
    site.nginx.set("shop", TrafficState(Slot.BLUE))
    connection = site.connect()
    connection.request("GET", "/events", headers={"Host": "shop.example.com"})
    response = connection.getresponse()
    assert response.readline() == b"data: 1\n"
    for backend in site.backends.values():
        backend.go_on.set()
    assert b"data: 2" in response.read()
    connection.close()


def test_switch_that_nginx_cannot_read_is_reverted_and_names_the_folder(site: NginxSite) -> None:
    start(site)
    site.nginx.set("shop", TrafficState(Slot.BLUE))
    site.state_dir.parent.chmod(0o700)
    with pytest.raises(NginxError, match=f"chmod o\\+x {site.state_dir.parent}"):
        site.nginx.set("shop", TrafficState(Slot.GREEN))
    site.state_dir.parent.chmod(0o711)
    assert site.nginx.get("shop") == site.nginx.answered("shop") == TrafficState(Slot.BLUE)


def test_switch_while_nginx_is_down_is_reverted(site: NginxSite) -> None:
    start(site)
    site.stop()
    with pytest.raises(NginxError, match="is down"):
        site.nginx.set("shop", TrafficState(Slot.GREEN))
    assert site.nginx.get("shop").live is None


def test_live_slot_outlives_a_restart_of_nginx(site: NginxSite) -> None:
    start(site)
    site.nginx.set("shop", TrafficState(Slot.GREEN))
    site.stop()
    site.start()
    assert site.ask().json["name"].startswith("green")
