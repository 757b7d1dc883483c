"""A sticky standby: visitors with a session of it stay there, all others get the live slot."""

from __future__ import annotations

import json
import socket

import pytest
from websocket import create_connection

from hookserver.models import Endpoint, Slot, TrafficState
from tests.integration.nginx.backend import silent
from tests.integration.nginx.conftest import NginxSite
from tests.waiting import until

pytestmark = pytest.mark.parametrize("site", ["managed", "system", "compiled"], indirect=True)

ID = "0AF9C3D2E1B04F5A6978C0D1E2F3A4B5"
SMALL = 59_999


def start(site: NginxSite, *, sticky: bool = True) -> None:
    """Green is live, blue was: the standby, sticky or not."""
    site.serve(Slot.BLUE)
    site.serve(Slot.GREEN)
    site.apply()
    site.nginx.set("shop", TrafficState(Slot.BLUE))
    site.nginx.set("shop", TrafficState(Slot.GREEN, sticky=Slot.BLUE if sticky else None))


def cookie(route: str) -> dict[str, str]:
    return {"Cookie": f"a=b; JSESSIONID={ID}.{route}; c=d"}


def names(site: NginxSite, **request: object) -> set[str]:
    """The replicas that answer some requests."""
    return {site.ask(**request).json["name"] for _ in range(8)}  # type: ignore[arg-type]  # passed on


def end_sessions(site: NginxSite) -> None:
    """No replica knows any session from now on."""
    for backend in site.backends.values():
        backend.is_over = True


@pytest.mark.parametrize("replica", ["blue1", "blue2"])
def test_visitor_with_a_session_stays_with_the_replica_that_made_it(site: NginxSite, replica: str) -> None:
    start(site)
    assert names(site, headers=cookie(replica)) == {replica}
    assert names(site, path=f"/cart;jsessionid={ID}.{replica}?x=1") == {replica}
    assert site.nginx.get("shop").sticky == Slot.BLUE


def test_visitor_without_a_session_gets_the_live_slot_at_once(site: NginxSite) -> None:
    start(site)
    assert names(site) == {"green1", "green2"}
    assert names(site, headers={"Cookie": "JSESSIONID=0AF9"}) == {"green1", "green2"}
    assert names(site, headers=cookie("blue9")) == {"green1", "green2"}


def test_sessions_of_two_apps_on_one_domain_stay_apart(site: NginxSite) -> None:
    """A browser sends the cookie of the longest path first."""
    site.apps += '[apps.blog]\nrepository = "push"\ndomains = ["shop.example.com"]\npath = "/blog"\n'
    start(site)
    site.serve(Slot.BLUE, app="blog")
    site.nginx.set("blog", TrafficState(Slot.BLUE))
    both = {"Cookie": f"BLOGSESSION={ID}.blue2; JSESSIONID={ID}.blue1"}
    before = len(site.backends["blog", "blue2"].requests)
    assert names(site, path="/blog/", headers=both) == {"blue2"}
    assert len(site.backends["blog", "blue2"].requests) == before + 8
    left_by_the_blog = {"Cookie": f"BLOGSESSION={ID}.green2; JSESSIONID={ID}.blue1"}
    site.nginx.set("blog", TrafficState(Slot.GREEN))
    site.serve(Slot.GREEN, app="blog")
    assert names(site, headers=cookie("blue1")) == {"blue1"}
    assert names(site, path="/blog/", headers=left_by_the_blog) == {"green2"}


def test_session_of_the_live_slot_stays_with_its_replica_too(site: NginxSite) -> None:
    start(site)
    assert names(site, headers=cookie("green2")) == {"green2"}


def test_standby_that_is_not_sticky_gets_no_visitor(site: NginxSite) -> None:
    start(site, sticky=False)
    assert names(site, headers=cookie("blue1")) == {"green1", "green2"}
    assert site.nginx.get("shop").sticky is None


def test_visitors_of_both_slots_stay_through_a_rollback_and_another_switch(site: NginxSite) -> None:
    start(site)
    for live in (Slot.BLUE, Slot.GREEN, Slot.BLUE):
        site.nginx.set("shop", TrafficState(live, sticky=live.other))
        assert site.nginx.get("shop").sticky == live.other
        assert {name[:-1] for name in names(site)} == {live}
        for replica in ("blue1", "green2"):
            assert names(site, headers=cookie(replica)) == {replica}


def test_slot_that_is_no_longer_sticky_loses_its_visitors_to_the_live_one(site: NginxSite) -> None:
    start(site)
    site.nginx.set("shop", TrafficState(Slot.GREEN))
    assert names(site, headers=cookie("blue1")) == {"green1", "green2"}
    site.nginx.set("shop", TrafficState(Slot.GREEN, sticky=Slot.BLUE))
    assert names(site, headers=cookie("blue1")) == {"blue1"}


@pytest.mark.parametrize("sessions", ["none"])
def test_no_slot_is_sticky_where_sessions_are_not(site: NginxSite, sessions: str) -> None:
    site.apps += f'[apps.shop.release]\nsessions = "{sessions}"\n'
    start(site, sticky=False)
    (site.state_dir / "live/shop/green-sticky-blue").touch()
    assert names(site, headers=cookie("blue1")) == {"green1", "green2"}


def test_app_without_a_live_slot_answers_503_to_visitors_with_a_session_too(site: NginxSite) -> None:
    start(site)
    site.nginx.set("shop", TrafficState())
    assert site.ask(headers=cookie("blue1")).status == 503


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_visitor_without_their_sessions_replica_is_answered_by_the_live_slot(site: NginxSite, method: str) -> None:
    """Its sibling does not have the session either."""
    site.serve(Slot.BLUE, 2)
    site.serve(Slot.GREEN)
    site.apply()
    site.nginx.set("shop", TrafficState(Slot.BLUE))
    site.nginx.set("shop", TrafficState(Slot.GREEN, sticky=Slot.BLUE))
    for size in (0, 10, 300_000):
        answer = site.ask(method=method, body=b"x" * size or None, headers=cookie("blue1"))
        assert answer.json["name"] in ("green1", "green2")
        assert answer.json["size"] == size
    with silent(site.endpoints(Slot.BLUE)[0].host):
        answer = site.ask(method=method, headers=cookie("blue1"))
        assert answer.json["name"] in ("green1", "green2")
        assert site.logged(answer)["seconds"] < 1


@pytest.mark.parametrize(
    ("method", "size"), [("GET", 0), ("HEAD", 0), ("POST", 0), ("POST", 1), ("POST", SMALL), ("PUT", 10), ("GET", 10)]
)
@pytest.mark.parametrize("in_address", [False, True])
def test_visitor_whose_session_has_ended_gets_the_live_slot_with_the_whole_request(
    site: NginxSite, method: str, size: int, in_address: bool
) -> None:
    start(site)
    end_sessions(site)
    path = f"/a%20b;jsessionid={ID}.blue1?c=%2f" if in_address else "/a%20b;x?c=%2f"
    headers = {"X-Own": "yes"} if in_address else {"X-Own": "yes", **cookie("blue1")}
    answer = site.ask(path, method, headers=headers, body=b"x" * size if size or method == "POST" else None)
    green = [site.backends["shop", name] for name in ("green1", "green2")]
    assert answer.status == 200
    assert site.backends["shop", "blue1"].requests == [(method, path)]
    assert [request for one in green for request in one.requests] == [(method, path)]
    if method != "HEAD":
        assert (answer.json["size"], answer.json["headers"]["X-Own"]) == (size, "yes")
        assert "X-Hookserver-Elsewhere" not in answer.json["headers"]
        assert answer.json["headers"]["Host"] == "shop.example.com"


@pytest.mark.parametrize("chunked", [False, True])
def test_body_too_large_to_be_sent_twice_stays_with_its_release(site: NginxSite, chunked: bool) -> None:
    start(site)
    end_sessions(site)
    body = iter([b"x" * 1000] * 300) if chunked else b"x" * 300_000
    answer = site.ask(method="POST", headers=cookie("blue1"), body=body)
    assert (answer.json["name"], answer.json["size"]) == ("blue1", 300_000)


def test_websocket_of_a_session_that_has_ended_reaches_the_live_slot(site: NginxSite) -> None:
    start(site)
    end_sessions(site)
    opened = create_connection(
        f"ws://127.0.0.1:{site.ports[0]}/ws", host="shop.example.com", cookie=f"JSESSIONID={ID}.blue1", timeout=5
    )
    assert opened.sock is not None
    opened.sock.sendall(b"hello")
    assert opened.sock.recv(100) == b"hello"
    opened.sock.close()
    assert sorted(one.name[:-1] for one in site.backends.values() for _ in one.requests) == ["blue", "green"]


def test_only_nginx_names_the_other_place_and_only_to_the_sticky_standby(site: NginxSite) -> None:
    start(site)
    forged = {"X-Hookserver-Elsewhere": "@hs-shop-moved"}
    assert "X-Hookserver-Elsewhere" not in site.ask(headers=forged).json["headers"]
    assert "X-Hookserver-Elsewhere" not in site.ask(headers={**cookie("green1"), **forged}).json["headers"]
    headers = site.ask(headers={**cookie("blue1"), **forged, "X-Hookserver-Sessions": "?"}).json["headers"]
    assert "X-Hookserver-Sessions" not in headers
    assert headers["X-Hookserver-Elsewhere"] == "@hs-shop-fresh"


def test_request_that_is_sent_on_gets_our_page_when_the_live_slot_is_gone(site: NginxSite) -> None:
    (blue1,) = site.serve(Slot.BLUE, 1)
    site.apply()
    site.nginx.set("shop", TrafficState(Slot.BLUE))
    site.nginx.set("shop", TrafficState(Slot.GREEN, sticky=Slot.BLUE))
    blue1.is_over = True
    answer = site.ask(method="POST", body=b"x", headers=cookie("blue1"))
    assert (answer.status, answer.headers["Retry-After"]) == (502, "5")


def test_requests_on_one_connection_change_between_the_slots(site: NginxSite) -> None:
    start(site)
    site.backends["shop", "blue2"].is_over = True
    connection = site.connect()
    for number in range(40):
        route = ("blue1", "blue2", "green1")[number % 3]
        body = b"x" * (number % 4)
        connection.request("POST", "/", body, {"Host": "shop.example.com", **cookie(route)})
        answer = connection.getresponse()
        request = json.loads(answer.read())
        assert request["size"] == number % 4
        assert request["name"] == route or (route == "blue2" and request["name"].startswith("green"))
    connection.close()


def test_access_log_has_the_slot_that_answered_and_the_start_of_the_session_id(
    site: NginxSite,
) -> None:
    start(site)

    def logged(route: str, path: str = "/", id_: str = ID) -> tuple[str, str, str, str]:
        line = site.logged(site.ask(path, headers={"Cookie": f"JSESSIONID={id_}.{route}"} if route else {}))
        return line["replica"].rstrip("12"), line["session"], line["route"], line["uri"]

    assert logged("blue1") == ("blue", "0AF9C3D2", "blue1", "/")
    assert logged("green1") == ("green", "0AF9C3D2", "green1", "/")
    assert logged("blue9") == ("green", "0AF9C3D2", "blue9", "/")
    assert logged("blue1", id_="0AF9C3D2E1B0") == ("blue", "", "blue1", "/")
    assert logged("", f"/a;jsessionid={ID}.blue2?b=c") == ("blue", "0AF9C3D2", "blue2", "/a;jsessionid=0AF9C3D2...?b=c")
    assert logged("", f"/a;jsessionid={ID}.blue2") == ("blue", "0AF9C3D2", "blue2", "/a;jsessionid=0AF9C3D2...")
    assert logged("", f"/a;sid={ID}.blue2/b;v=2") == ("blue", "0AF9C3D2", "blue2", "/a;sid=0AF9C3D2.../b;v=2")
    assert logged("", f"/a;jsessionid={ID}") == ("green", "", "", "/a;jsessionid=0AF9C3D2...")
    end_sessions(site)
    assert logged("blue1") == ("green", "0AF9C3D2", "blue1", "/")


def test_access_log_counts_the_visitors_of_a_slot_and_has_their_last_request(site: NginxSite) -> None:
    start(site)
    assert site.nginx.visitors("shop", Slot.BLUE, 60) == 0
    assert site.nginx.last_request("shop", Slot.BLUE, 0) is None
    for name, visitor in (("JSESSIONID", "A" * 32), ("SHOPSESSION", "B" * 32), ("JSESSIONID", "A" * 32)):
        site.ask(headers={"Cookie": f"{name}={visitor}.blue1"})
    site.logged(site.ask())
    until(lambda: site.nginx.visitors("shop", Slot.BLUE, 60) == 2)
    assert site.nginx.visitors("shop", Slot.GREEN, 60) == 0
    assert site.nginx.last_request("shop", Slot.BLUE, 0) is not None
    assert site.nginx.last_request("shop", Slot.GREEN, 0) is None


def test_sticky_standby_outlives_a_restart_of_nginx(site: NginxSite) -> None:
    start(site)
    site.stop()
    site.start()
    assert names(site, headers=cookie("blue1")) == {"blue1"}


def test_upload_to_a_sticky_standby_counts_as_in_flight_after_its_end(site: NginxSite) -> None:
    start(site)
    blue: list[Endpoint] = site.endpoints(Slot.BLUE)
    with socket.create_connection(("127.0.0.1", site.ports[0]), timeout=10) as upload:
        head = f"POST / HTTP/1.1\r\nHost: shop.example.com\r\nCookie: JSESSIONID={ID}.blue1\r\n"
        upload.sendall(f"{head}Content-Length: 200000\r\n\r\n".encode() + b"x" * 1000)
        until(lambda: site.nginx.requests_in_flight(blue) == 1)
        site.nginx.set("shop", TrafficState(Slot.GREEN))
        assert site.nginx.requests_in_flight(blue) == 1
        upload.sendall(b"x" * 199_000)
        answer = upload.recv(65536).decode()
    assert '"name": "blue1"' in answer
