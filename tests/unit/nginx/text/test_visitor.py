"""The headers by which an app learns about its visitors."""

from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path

import pytest

import hookserver
from hookserver.nginx.text.visitor import headers, maps, proto, real_address
from tests.unit.nginx.nginx_maps import value

JOURNAL_VALVE = "tomcat_library/src/main/java/hookserver/requests/RequestJournalValve.java"

PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


def test_headers_replace_everything_that_a_visitor_could_claim() -> None:
    assert headers([]) == [
        "proxy_set_header Host $host$hs_host_port;",
        "proxy_set_header X-Real-IP $remote_addr;",
        "proxy_set_header X-Forwarded-For $remote_addr;",
        "proxy_set_header X-Forwarded-Proto $scheme;",
        "proxy_set_header X-Forwarded-Host $host$hs_host_port;",
        "proxy_set_header X-Forwarded-Port $hs_port;",
        'proxy_set_header X-Forwarded-Ssl "";',
        'proxy_set_header X-Forwarded-Prefix "";',
        'proxy_set_header Forwarded "";',
        "proxy_set_header X-Request-Id $hs_request_id;",
        'proxy_set_header Proxy "";',
        'proxy_set_header X-Original-URL "";',
        'proxy_set_header X-Rewrite-URL "";',
        "proxy_set_header X-Hookserver-Elsewhere $hs_elsewhere;",
        'proxy_set_header X-Hookserver-Sessions "";',
        "proxy_set_header Upgrade $hs_upgrade;",
        "proxy_set_header Connection $hs_connection;",
    ]


def test_scheme_is_a_trusted_proxys_word_where_there_is_one() -> None:
    assert (proto([]), proto(PROXIES)) == ("$scheme", "$hs_proto")
    assert "proxy_set_header X-Forwarded-Proto $hs_proto;" in headers(PROXIES)


@pytest.mark.parametrize(
    ("trusted", "claimed", "scheme"),
    [
        ("1", "https", "https"),
        ("1", "HTTPS, http", "https"),
        ("1", "http", "http"),
        ("1", "", "http"),
        ("1", "ftp", "http"),
        ("0", "https", "http"),
    ],
)
def test_scheme_is_taken_from_trusted_proxies_only(trusted: str, claimed: str, scheme: str) -> None:
    variables = {"hs_trusted": trusted, "http_x_forwarded_proto": claimed, "scheme": "http"}
    assert value(maps(PROXIES), "hs_proto", **variables) == scheme


@pytest.mark.parametrize(
    ("scheme", "host", "port"),
    [
        ("http", "shop.example.com", "80"),
        ("https", "shop.example.com", "443"),
        ("https", "shop.example.com:8443", "8443"),
        ("http", "[::1]:81", "81"),
        ("http", "", "80"),
        ("http", "shop.example.com:123456", "80"),
        ("http", "shop.example.com:x", "80"),
    ],
)
def test_port_is_the_hosts_or_the_schemes_own(scheme: str, host: str, port: str) -> None:
    assert value(maps([]), "hs_port", scheme=scheme, http_host=host) == port


@pytest.mark.parametrize(
    ("trusted", "claimed", "port"),
    [("1", "8443", "8443"), ("1", "", "443"), ("1", "84430000", "443"), ("1", "80,81", "443"), ("0", "8443", "443")],
)
def test_port_is_taken_from_trusted_proxies_only(trusted: str, claimed: str, port: str) -> None:
    variables = {"hs_trusted": trusted, "http_x_forwarded_proto": "", "scheme": "https", "http_host": "a.example.com"}
    assert value(maps(PROXIES), "hs_port", http_x_forwarded_port=claimed, **variables) == port


@pytest.mark.parametrize(
    ("upgrade", "passed", "connection"),
    [("websocket", "websocket", "upgrade"), ("WebSocket", "websocket", "upgrade"), ("h2c", "", ""), ("", "", "")],
)
def test_upgrade_is_passed_on_for_a_websocket_only(upgrade: str, passed: str, connection: str) -> None:
    assert value(maps([]), "hs_upgrade", http_upgrade=upgrade) == passed
    assert value(maps([]), "hs_connection", http_upgrade=upgrade) == connection


def test_real_address_is_believed_from_every_trusted_proxy() -> None:
    assert real_address(PROXIES) == [
        "set_real_ip_from 10.0.0.0/8;",
        "set_real_ip_from fd00::/8;",
        "real_ip_header X-Forwarded-For;",
        "real_ip_recursive on;",
    ]


def test_trusted_networks_are_named_once_and_everything_as_its_halves() -> None:
    everything = [ip_network("0.0.0.0/0"), ip_network("::/0"), ip_network("10.0.0.0/8"), ip_network("10.0.0.0/8")]
    lines = maps(everything)
    start = lines.index("geo $realip_remote_addr $hs_trusted {")
    assert lines[start + 1 : start + 8] == [
        "    default 0;",
        "    0.0.0.0/1 1;",
        "    128.0.0.0/1 1;",
        "    ::/1 1;",
        "    8000::/1 1;",
        "    10.0.0.0/8 1;",
        "}",
    ]


def test_maps_need_no_unusual_module_without_a_trusted_proxy() -> None:
    assert real_address([]) == []
    assert not [line for line in maps([]) if line.startswith("geo ") or "$hs_trusted" in line]


def test_request_id_is_made_of_the_time_and_the_number_of_the_request_on_its_connection() -> None:
    serial = {"msec": "1800000000.123", "connection": "7", "connection_requests": "2"}
    assert value(maps([]), "hs_request_id", **serial) == "1800000000.123-7-2"


def test_request_id_is_a_name_that_the_request_journal_takes() -> None:
    source = (Path(hookserver.__file__).parent / JOURNAL_VALVE).read_text()
    (pattern,) = re.findall(r'ID = Pattern.compile\("(.*)"\)', source)
    serial = {"msec": "1800000000.123", "connection": "12345678901", "connection_requests": "10000"}
    assert re.fullmatch(pattern, value(maps([]), "hs_request_id", **serial))
