"""Where an app can lead a request with a header of its answer, and which of a visitor's headers it gets."""

from __future__ import annotations

import pytest

from hookserver.models import Slot, TrafficState
from hookserver.state.request_journal import ACTIVE, folder, make_empty
from tests.integration.nginx.conftest import APPS, NginxSite

pytestmark = pytest.mark.parametrize("site", ["managed", "system", "compiled"], indirect=True)

ON_BLUE_1 = {"Cookie": "JSESSIONID=0AF9C3D2E1B04F5A6978C0D1E2F3A4B5.blue1"}
SWITCHED = TrafficState(Slot.GREEN, sticky=Slot.BLUE)


def start(site: NginxSite, state: TrafficState, sessions: str = "sticky") -> None:
    """Two replicas in each slot, which ask Nginx to redirect each request to a page of the app."""
    site.apps = f'{APPS}[apps.shop.release]\nsessions = "{sessions}"\n'
    for slot in Slot:
        for backend in site.serve(slot):
            backend.redirects_to = "/secret"
    site.apply()
    site.nginx.set("shop", TrafficState(Slot.BLUE))
    site.nginx.set("shop", state)


def paths(site: NginxSite) -> list[str]:
    """The paths of all requests that reached a replica."""
    return [path for backend in site.backends.values() for _, path in backend.requests]


@pytest.mark.parametrize("sessions", ["none", "sticky", "shared"])
@pytest.mark.parametrize("size", [0, 100, 300_000])
def test_app_cannot_redirect_a_request_within_nginx(site: NginxSite, sessions: str, size: int) -> None:
    start(site, TrafficState(Slot.BLUE), sessions)
    answer = site.ask("/page", "POST" if size else "GET", headers=ON_BLUE_1, body=b"x" * size if size else None)
    assert (answer.status, answer.body) == (200, "")
    assert "X-Accel-Redirect" not in answer.headers
    assert paths(site) == ["/page"]


def test_request_that_a_dead_replica_left_is_not_redirected_by_the_next_one(site: NginxSite) -> None:
    start(site, TrafficState(Slot.BLUE))
    dead = site.backends["shop", "blue1"]
    journal = folder(site.settings.server.state, "shop", str(dead.server_address[0]))
    make_empty(journal)
    (journal / ACTIVE).touch()
    dead.dying = lambda _: None
    assert site.ask("/page", "POST", headers=ON_BLUE_1, body=b"id=1").status == 200
    assert paths(site) == ["/page", "/page"]


def test_live_release_cannot_redirect_while_there_is_a_sticky_standby(site: NginxSite) -> None:
    start(site, SWITCHED)
    assert site.ask("/page").status == 200
    assert paths(site) == ["/page"]


def test_live_release_cannot_redirect_what_the_sticky_standby_sent_on(site: NginxSite) -> None:
    start(site, SWITCHED)
    for name in ("blue1", "blue2"):
        site.backends["shop", name].redirects_to = "@hs-shop-fresh"
    assert site.ask("/page", headers=ON_BLUE_1).status == 200
    assert sorted(name[:-1] for _, name in site.backends for _ in site.backends["shop", name].requests) == [
        "blue",
        "green",
    ]
    assert paths(site) == ["/page", "/page"]


def test_shared_sessions_send_no_visitor_elsewhere(site: NginxSite) -> None:
    start(site, TrafficState(Slot.GREEN), "shared")
    for backend in site.backends.values():
        backend.redirects_to = ""
    answer = site.ask("/page", headers=ON_BLUE_1)
    assert answer.json["name"] == "green1"
    assert "X-Hookserver-Elsewhere" not in answer.json["headers"]


def test_headers_by_which_an_app_could_be_misled_are_not_passed_on(site: NginxSite) -> None:
    start(site, TrafficState(Slot.BLUE))
    for backend in site.backends.values():
        backend.redirects_to = ""
    misleading = dict.fromkeys(("Proxy", "X-Original-URL", "X-Rewrite-URL"), "http://192.0.2.7/")
    passed = {name.lower() for name in site.ask("/page", headers=misleading).json["headers"]}
    assert not passed & {name.lower() for name in misleading}
