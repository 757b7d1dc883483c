"""A replica dies with requests in flight: which are retried on another replica, and which must not be."""

from __future__ import annotations

from typing import Any

import pytest

from hookserver.models import Slot, TrafficState
from hookserver.state.request_journal import ACTIVE, folder, make_empty
from tests.integration.nginx.backend import Backend
from tests.integration.nginx.conftest import APPS, NginxSite

pytestmark = pytest.mark.parametrize("site", ["managed", "system", "compiled"], indirect=True)

ON_BLUE_1 = {"Cookie": "JSESSIONID=0AF9.blue1"}
FORM = {
    "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
    "Content-Type": "application/x-www-form-urlencoded",
    "Referer": "http://shop.example.com/product?id=1",
}


def start(site: NginxSite, sessions: str = "sticky") -> dict[str, Backend]:
    """Two replicas in blue, the live slot, by their routes."""
    site.apps = f'{APPS}[apps.shop.release]\nsessions = "{sessions}"\n'
    replicas = {replica.name: replica for replica in site.serve(Slot.BLUE)}
    site.apply()
    site.nginx.set("shop", TrafficState(Slot.BLUE))
    return replicas


def kill(site: NginxSite, replica: Backend, keeps_marks: bool = True, marks: bool = False) -> None:
    """From now on it breaks off whatever it is sent; what it ``marks`` it has begun to process."""
    place = folder(site.settings.server.state, "shop", str(replica.server_address[0]))
    make_empty(place)
    if keeps_marks:
        (place / ACTIVE).touch()
    replica.dying = (lambda request: (place / request).touch()) if marks else (lambda _: None)


def posts(*replicas: Backend) -> list[int]:
    """How many POSTs each was sent."""
    return [sum(method == "POST" for method, _ in replica.requests) for replica in replicas]


@pytest.mark.parametrize("sessions", ["none", "sticky", "shared"])
@pytest.mark.parametrize("body", [b"id=1&quantity=2", b"", b"x" * 59_999])
def test_a_post_that_the_dead_replica_had_not_begun_is_answered_by_the_next_one(
    site: NginxSite, sessions: str, body: bytes
) -> None:
    blue = start(site, sessions)
    kill(site, blue["blue1"])
    answers = [site.ask("/cart/add?x=1", "POST", headers=ON_BLUE_1, body=body) for _ in range(4)]
    assert {answer.status for answer in answers} == {200}
    assert {(answer.json["name"], answer.json["path"], answer.json["size"]) for answer in answers} == {
        ("blue2", "/cart/add?x=1", len(body))
    }
    assert posts(blue["blue2"]) == [4]
    assert {site.logged(answer)["replica"] for answer in answers} == {"blue2"}


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_one_that_it_had_begun_is_never_sent_again(site: NginxSite, method: str) -> None:
    blue = start(site)
    kill(site, blue["blue1"], marks=True)
    answer = site.ask("/cart/add", method, headers=ON_BLUE_1, body=b"id=1")
    assert answer.status == 502
    assert "try again" in answer.body
    assert [request for request in blue["blue2"].requests if request[0] == method] == []


def test_request_to_a_replica_without_a_journal_is_not_sent_again(site: NginxSite) -> None:
    blue = start(site)
    kill(site, blue["blue1"], keeps_marks=False)
    assert site.ask("/cart/add", "POST", headers=ON_BLUE_1, body=b"id=1").status == 502
    assert posts(blue["blue1"], blue["blue2"]) == [1, 0]


def test_journal_of_one_replica_says_nothing_of_another_one(site: NginxSite) -> None:
    blue = start(site)
    kill(site, blue["blue1"], keeps_marks=False)
    kill(site, blue["blue2"])
    on_blue_2 = {"Cookie": "JSESSIONID=0AF9.blue2"}
    assert site.ask("/cart/add", "POST", headers=on_blue_2, body=b"id=1").status == 502
    assert posts(blue["blue2"], blue["blue1"]) == [1, 1]


def test_one_that_is_put_is_sent_again_though_it_had_been_begun(site: NginxSite) -> None:
    blue = start(site)
    kill(site, blue["blue1"], marks=True)
    answer = site.ask("/cart/7", "PUT", headers=ON_BLUE_1, body=b"id=1")
    assert (answer.status, answer.json["name"], answer.json["size"]) == (200, "blue2", 4)


def test_one_that_is_put_is_not_sent_round_twice(site: NginxSite) -> None:
    blue = start(site, "shared")
    for replica in blue.values():
        kill(site, replica)
    assert site.ask("/cart/7", "PUT", headers=ON_BLUE_1, body=b"id=1").status == 502
    assert [len(replica.requests) for replica in blue.values()] == [1, 1]


def test_request_that_a_sticky_replica_had_not_begun_goes_to_the_live_slot(site: NginxSite) -> None:
    blue = start(site)
    site.serve(Slot.GREEN)
    site.nginx.set("shop", TrafficState(Slot.GREEN, sticky=Slot.BLUE))
    kill(site, blue["blue1"])
    answer = site.ask("/cart/add", "POST", headers=ON_BLUE_1, body=b"id=1")
    assert answer.status == 200
    assert answer.json["name"].startswith("green")
    assert answer.json["size"] == 4
    assert posts(blue["blue2"]) == [0]


def test_sticky_visitors_request_in_the_live_slot_goes_to_its_next_replica(site: NginxSite) -> None:
    blue = start(site)
    green = {replica.name: replica for replica in site.serve(Slot.GREEN)}
    site.nginx.set("shop", TrafficState(Slot.GREEN, sticky=Slot.BLUE))
    blue["blue1"].is_over = True
    kill(site, green["green1"])
    answers = [site.ask("/cart/add", "POST", headers=ON_BLUE_1, body=b"id=1") for _ in range(4)]
    assert {(answer.status, answer.json["name"]) for answer in answers} == {(200, "green2")}
    assert posts(green["green2"]) == [4]
    assert posts(green["green1"]) > [0]


def test_two_replicas_that_die_one_after_the_other_are_sent_it_once_each(site: NginxSite) -> None:
    blue = start(site)
    for replica in blue.values():
        kill(site, replica)
    assert site.ask("/cart/add", "POST", headers=ON_BLUE_1, body=b"id=1").status == 502
    assert posts(*blue.values()) == [1, 1]


def test_a_body_that_nginx_does_not_keep_is_not_sent_again(site: NginxSite) -> None:
    blue = start(site)
    kill(site, blue["blue1"])
    assert site.ask("/cart/add", "POST", headers=ON_BLUE_1, body=b"x" * 60_000).status == 502
    assert posts(blue["blue2"]) == [0]


@pytest.mark.parametrize("body", [b"id=1", b"", b"x" * 60_000])
@pytest.mark.parametrize("more", [{}, {"Sec-Fetch-Mode": "navigate"}])
def test_form_whose_processing_had_begun_redirects_to_its_page(
    site: NginxSite, body: bytes, more: dict[str, str]
) -> None:
    blue = start(site)
    kill(site, blue["blue1"], marks=True)
    answer = site.ask("/cart/add", "POST", headers={**ON_BLUE_1, **FORM, **more}, body=body)
    assert (answer.status, answer.headers["Location"]) == (303, FORM["Referer"])
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Retry-After" not in answer.headers
    assert posts(blue["blue2"]) == [0]
    line = site.logged(answer)
    assert (line["status"], line["upstream_status"], line["replica"]) == (303, "502", "blue1")


@pytest.mark.parametrize(
    "changed",
    [
        {"Accept": "*/*"},
        {"X-Requested-With": "XMLHttpRequest"},
        {"Sec-Fetch-Mode": "cors"},
        {"Accept": "application/json, text/html"},
        {"Content-Type": "application/json"},
        {"Referer": ""},
        {"Referer": "http://elsewhere.example/product?id=1"},
        {"Referer": "http://shop.example.com.elsewhere.example/"},
        {"Referer": "http://shop_example.com/"},
        {"Referer": "http://shop.example.com:81/"},
        {"Referer": "javascript://shop.example.com/"},
        {"Referer": "http://shop.example.com"},
    ],
)
def test_request_that_is_not_a_form_of_this_site_is_not_redirected(site: NginxSite, changed: dict[str, str]) -> None:
    blue = start(site)
    kill(site, blue["blue1"], marks=True)
    answer = site.ask("/cart/add", "POST", headers={**ON_BLUE_1, **FORM, **changed}, body=b"id=1")
    assert (answer.status, answer.headers.get("Location")) == (502, None)


@pytest.mark.parametrize("site_", ["shop.example.com:8088", "SHOP.example.com"])
def test_a_form_knows_its_site_by_port_and_in_any_case(site: NginxSite, site_: str) -> None:
    blue = start(site)
    kill(site, blue["blue1"], marks=True)
    headers: dict[str, Any] = {**ON_BLUE_1, **FORM, "Referer": f"https://{site_.lower()}/cart"}
    answer = site.ask("/cart/add", "POST", host=site_, headers=headers, body=b"id=1")
    assert (answer.status, answer.headers["Location"]) == (303, f"https://{site_.lower()}/cart")


def test_a_form_for_an_app_that_is_not_there_gets_the_page(site: NginxSite) -> None:
    start(site)
    for replica in site.backends.values():
        replica.shutdown()
        replica.server_close()
    answer = site.ask("/cart/add", "POST", headers={**ON_BLUE_1, **FORM}, body=b"id=1")
    assert answer.status == 503
    assert "try again" in answer.body
