"""Which replica answers: affinity, and what happens when one is missing."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from hookserver.models import Slot, TrafficState
from tests.integration.nginx.backend import silent
from tests.integration.nginx.conftest import NginxSite

pytestmark = pytest.mark.parametrize("site", ["managed", "system", "compiled"], indirect=True)


def start(site: NginxSite, slot: Slot = Slot.BLUE) -> None:
    site.apply()
    site.nginx.set("shop", TrafficState(slot))


def names(site: NginxSite, **request: object) -> set[str]:
    """Who answers a few times over."""
    return {site.ask(**request).json["name"] for _ in range(12)}  # type: ignore[arg-type]  # passed on


def test_visitors_without_a_session_are_spread_over_the_replicas(site: NginxSite) -> None:
    site.serve(Slot.BLUE)
    start(site)
    assert names(site) == {"blue1", "blue2"}


@pytest.mark.parametrize("replica", ["blue1", "blue2"])
def test_a_session_stays_with_the_replica_that_made_it(site: NginxSite, replica: str) -> None:
    site.serve(Slot.BLUE)
    start(site)
    assert names(site, headers={"Cookie": f"a=b; JSESSIONID=0AF9.{replica}; c=d"}) == {replica}
    assert names(site, path=f"/cart;jsessionid=0AF9.{replica}?x=1") == {replica}


@pytest.mark.parametrize(
    "cookie",
    [
        "SHOPSESSION=0AF9.blue1",
        'JSESSIONID="0AF9.blue1"; a=b',
        "a.blue2; =.blue2; b=.blue2x; JSESSIONID=0AF9; JSESSIONID=0AF9.blue1; JSESSIONID=0AF9.blue2",
        "JSESSIONID=0AF9.node1;JSESSIONID=0AF9.blue1",
        "OLD=0AF9.green2; NEW=0AF9.blue1",
        f"{';' * 15_000}{' ' * 4000}{'a' * 4000}={'.blue2' * 1000}x; a=0AF9.blue1",
    ],
)
def test_a_session_is_known_by_its_end_whatever_its_cookie_is_called_and_what_else_there_is(
    site: NginxSite, cookie: str
) -> None:
    site.serve(Slot.BLUE)
    start(site)
    assert names(site, headers={"Cookie": cookie}) == {"blue1"}


def test_a_session_in_the_address_is_known_by_its_end_too(site: NginxSite) -> None:
    site.serve(Slot.BLUE)
    start(site)
    assert names(site, path="/a;v=1;SHOPSESSION=0AF9.blue2/b;jsessionid=0AF9?x=1") == {"blue2"}
    assert names(site, path="/a?b=/c;jsessionid=0AF9.blue2") == {"blue1", "blue2"}


def test_a_session_in_the_cookie_beats_one_in_the_address(site: NginxSite) -> None:
    site.serve(Slot.BLUE)
    start(site)
    cookie = {"Cookie": "JSESSIONID=0AF9.blue2"}
    assert names(site, path="/;jsessionid=0AF9.blue1", headers=cookie) == {"blue2"}


@pytest.mark.parametrize("session", ["0AF9.blue1", "0AF9.green9", "0AF9", "0AF9.", ".", "0AF9.blue1.x y", '"'])
def test_session_without_a_replica_goes_to_any_live_replica(site: NginxSite, session: str) -> None:
    site.serve(Slot.GREEN)
    start(site, Slot.GREEN)
    assert names(site, headers={"Cookie": f"JSESSIONID={session}"}) == {"green1", "green2"}


def test_without_affinity_a_session_is_spread_over_the_replicas(site: NginxSite) -> None:
    site.apps += '[apps.shop.release]\nsessions = "none"\n'
    site.serve(Slot.BLUE)
    start(site)
    assert names(site, headers={"Cookie": "JSESSIONID=0AF9.blue1"}) == {"blue1", "blue2"}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("session", ["", "0AF9.blue1"])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_replica_that_refuses_is_stood_in_for_by_its_sibling(
    site: NginxSite, method: str, session: str, chunked: bool
) -> None:
    site.serve(Slot.BLUE, 2)
    start(site)
    for _ in range(6):
        body = iter([b"x" * 1000] * 300) if chunked else b"x" * 300_000
        answer = site.ask(method=method, body=body, headers={"Cookie": f"JSESSIONID={session}"})
        assert answer.json["name"] == "blue2"
        assert answer.json["size"] == 300_000


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_replica_that_is_silent_is_stood_in_for_by_its_sibling_within_a_second(site: NginxSite, method: str) -> None:
    site.serve(Slot.BLUE, 2)
    start(site)
    with silent(site.endpoints(Slot.BLUE)[0].host):
        answer = site.ask(method=method, body=b"x" * 1000, headers={"Cookie": "JSESSIONID=0AF9.blue1"})
    assert answer.json["name"] == "blue2"
    assert 0.2 < site.logged(answer)["seconds"] < 1


def test_a_replica_that_stalled_for_a_moment_keeps_its_visitor(site: NginxSite) -> None:
    site.serve(Slot.BLUE, 2)
    start(site)
    with ThreadPoolExecutor() as pool:
        with silent(site.endpoints(Slot.BLUE)[0].host):
            asked = pool.submit(site.ask, headers={"Cookie": "JSESSIONID=0AF9.blue1"})
            time.sleep(0.4)
        site.serve(Slot.BLUE, 1)
        assert asked.result().json["name"] == "blue1"


def test_when_no_replica_answers_our_page_comes_soon(site: NginxSite) -> None:
    start(site)
    with silent(site.endpoints(Slot.BLUE)[0].host), silent(site.endpoints(Slot.BLUE)[1].host):
        answer = site.ask(method="POST", body=b"x" * 1000)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert site.logged(answer)["seconds"] < 1


def test_get_that_a_dying_replica_lost_is_retried_on_another_replica(site: NginxSite) -> None:
    blue1, blue2 = site.serve(Slot.BLUE)
    start(site)
    assert site.ask("/die").status == 502
    assert len(blue1.requests) == len(blue2.requests) == 1


@pytest.mark.parametrize(("method", "status"), [("GET", 503), ("PUT", 503), ("POST", 502)])
def test_request_that_a_dying_replica_lost_is_answered_503_if_it_may_be_repeated_and_no_other_runs(
    site: NginxSite, method: str, status: int
) -> None:
    _, blue2 = site.serve(Slot.BLUE)
    start(site)
    blue2.shutdown()
    blue2.server_close()
    on_blue1 = {"Cookie": "JSESSIONID=0AF9.blue1"}
    assert site.ask("/die", method, body=b"x" if method != "GET" else None, headers=on_blue1).status == status


@pytest.mark.parametrize("size", [0, 10, 500_000])
def test_a_post_that_may_have_been_done_is_never_repeated(site: NginxSite, size: int) -> None:
    blue1, blue2 = site.serve(Slot.BLUE)
    start(site)
    assert site.ask("/die", "POST", body=b"x" * size).status == 502
    assert len(blue1.requests) + len(blue2.requests) == 1


def test_request_with_a_slow_answer_is_never_repeated(site: NginxSite) -> None:
    site.nginx_keys = 'read_timeout = "10s"'
    blue1, blue2 = site.serve(Slot.BLUE)
    start(site)
    assert site.ask("/wait").status == 504
    assert len(blue1.requests) + len(blue2.requests) == 1


def test_replicas_that_are_back_serve_at_once(site: NginxSite) -> None:
    start(site)
    answer = site.ask()
    assert answer.status == 503
    assert "try again" in answer.body
    site.serve(Slot.BLUE)
    assert all(site.ask().status == 200 for _ in range(6))


def test_the_access_log_says_which_replica_of_which_slot_answered(site: NginxSite) -> None:
    site.serve(Slot.BLUE, 2)
    start(site)
    answer = site.ask("/a?b=c", headers={"Cookie": "JSESSIONID=0AF9.blue1", "User-Agent": 'x"y'})
    line = site.logged(answer)
    assert line["status"] == 200
    assert (line["app"], line["replica"]) == ("shop", "blue2")
    assert (line["method"], line["host"], line["uri"]) == ("GET", "shop.example.com", "/a?b=c")
    assert (line["client"], line["agent"]) == ("127.0.0.1", 'x"y')
    assert line["upstream_status"] == "502, 502, 502, 200"
    assert 0 <= line["seconds"] < 5
    assert line["request_id"] == answer.headers["X-Request-Id"] == answer.json["headers"]["X-Request-Id"]
