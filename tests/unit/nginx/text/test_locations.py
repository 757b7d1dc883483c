"""An app's locations."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.config import Settings
from hookserver.nginx.text.locations import app_locations, bodies, defaults, paths, ways_out
from hookserver.nginx.text.state_checks import choose_slot
from tests.unit.nginx.nginx_maps import value


def make(path: str = "/", sessions: str = "sticky") -> Settings:
    shop = {"repository": "push", "domains": ["shop.example.com"], "path": path, "release": {"sessions": sessions}}
    return Settings.model_validate({"server": {"state_dir": "/srv/hs"}, "apps": {"my-shop": shop}})


def location(settings: Settings, head: str) -> list[str]:
    """The lines of one location, without those that choose a slot."""
    lines = app_locations(settings, settings.apps["my-shop"], Path("proxy.conf"))
    start = lines.index(f"location {head} {{") + 1
    inside = [line.removeprefix("    ") for line in lines[start : lines.index("}", start)]]
    choice = choose_slot(settings.server.state, settings.apps["my-shop"])
    return [line for line in inside if line not in choice]


@pytest.mark.parametrize(
    ("path", "heads"),
    [
        ("/", ["/"]),
        ("/shop", ['= "/shop"', '^~ "/shop/"', '^~ "/shop;"']),
        ('/a"b', ['= "/a\\"b"', '^~ "/a\\"b/"', '^~ "/a\\"b;"']),
    ],
)
def test_locations_are_the_path_and_those_that_nginx_itself_leads_to(path: str, heads: list[str]) -> None:
    settings = make()
    app = settings.apps["my-shop"].model_copy(update={"path": path})
    lines = app_locations(settings, app, Path("proxy.conf"))
    assert [line for line in lines if line.startswith("location ")] == [
        *(f"location {head} {{" for head in heads),
        "location @hs-my-shop-upload {",
        "location @hs-my-shop-moved {",
        "location @hs-my-shop-standby {",
        "location @hs-my-shop-fresh {",
        "location ^~ /.hookserver/my-shop/ {",
    ]


def test_paths_of_a_prefix_do_not_mean_a_longer_word() -> None:
    assert paths("/") == ["/"]
    assert paths("/shop") == ['= "/shop"', '"/shop/"', '"/shop;"']


@pytest.mark.parametrize("head", ['= "/shop"', '^~ "/shop/"', '^~ "/shop;"'])
def test_location_of_an_app_reads_a_small_body_first(head: str) -> None:
    assert location(make("/shop"), head) == [
        "set $hs_app my-shop;",
        "set $hs_method $request_method;",
        "error_page 418 = @hs-my-shop-upload;",
        "error_page 419 = @hs-my-shop-standby;",
        "error_page 502 504 = @hs-my-shop-moved;",
        'include "proxy.conf";',
        "proxy_ignore_headers X-Accel-Redirect;",
        "proxy_request_buffering on;",
        "if ($hs_streams) { return 418; }",
        "proxy_pass http://$hs_my_shop_upstream;",
    ]


def test_upload_is_passed_on_while_it_comes_and_not_sent_again() -> None:
    assert location(make(), "@hs-my-shop-upload") == [
        'include "proxy.conf";',
        "proxy_ignore_headers X-Accel-Redirect;",
        "proxy_request_buffering off;",
        'set $hs_elsewhere "";',
        "proxy_pass http://$hs_my_shop_upstream;",
    ]


def test_only_the_sticky_standby_may_redirect_a_request() -> None:
    assert location(make(), "@hs-my-shop-standby") == [
        "error_page 502 504 = @hs-my-shop-moved;",
        'include "proxy.conf";',
        "proxy_ignore_headers X-Accel-Expires;",
        "proxy_request_buffering on;",
        "proxy_pass http://$hs_my_shop_upstream;",
    ]


@pytest.mark.parametrize("sessions", ["none", "shared"])
def test_no_visitor_is_sent_elsewhere_where_sessions_are_not_sticky(sessions: str) -> None:
    settings = make(sessions=sessions)
    lines = [line.strip() for line in app_locations(settings, settings.apps["my-shop"], Path("proxy.conf"))]
    assert lines.count("proxy_ignore_headers X-Accel-Redirect;") == lines.count('include "proxy.conf";') == 3
    assert lines.count('set $hs_elsewhere "";') == 3
    assert not any("419" in line or "@hs-my-shop-fresh" in line for line in lines)


def test_fresh_request_goes_to_the_live_slot_and_no_further() -> None:
    assert location(make(), "@hs-my-shop-fresh") == [
        "error_page 502 504 = @hs-my-shop-moved;",
        'include "proxy.conf";',
        "proxy_ignore_headers X-Accel-Redirect;",
        "proxy_request_buffering on;",
        'set $hs_elsewhere "";',
        "proxy_pass http://hs_my_shop_$hs_slot;",
    ]


@pytest.mark.parametrize(
    ("length", "method", "streams"),
    [
        ("0", "POST", ""),
        ("59999", "POST", ""),
        ("60000", "POST", "1"),
        ("100000", "PUT", "1"),
        ("", "POST", "1"),
        ("", "GET", ""),
        ("", "DELETE", ""),
        ("60000", "GET", "1"),
    ],
)
def test_body_streams_unless_it_surely_fits_in_memory(length: str, method: str, streams: str) -> None:
    assert value(bodies(), "hs_streams", content_length=length, request_method=method) == streams


@pytest.mark.parametrize(
    ("state", "route", "way_out"),
    [
        ("green-sticky-blue", "blue1", "@hs-shop-fresh"),
        ("green-sticky-blue", "green1", ""),
        ("blue-sticky-green", "green2", "@hs-shop-fresh"),
        ("blue-sticky-green", "blue2", ""),
        ("blue", "blue1", ""),
        ("green-sticky-blue", "", ""),
    ],
)
def test_way_out_is_for_sessions_of_the_sticky_standby_only(state: str, route: str, way_out: str) -> None:
    assert value(ways_out(), "hs_elsewhere", hs_state=state, hs_route=route, hs_app="shop") == way_out


def test_defaults_give_a_value_to_every_variable_of_the_log() -> None:
    for variable in ("hs_app", "hs_slot", "hs_slot_now", "hs_state"):
        assert value(defaults(), variable, host="shop.example.com") == ""
    assert value(defaults(), "hs_method", request_method="POST") == "POST"
