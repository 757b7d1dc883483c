"""The owner of a domain, and the default server for unknown names."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.nginx.listen_address import Address
from hookserver.nginx.system.dump import read_dump
from hookserver.nginx.system.foreign import Servers, servers

OURS, THEIRS = Path("/etc/nginx/a.conf"), Path("/etc/nginx/b.conf")
EVERY = Address("*", "80")


def make(theirs: str, ours: str = "", theirs_first: bool = False) -> Servers:
    order = "b.conf; include a.conf" if theirs_first else "a.conf; include b.conf"
    files = {"nginx.conf": f"http {{ include {order}; }}", "a.conf": ours, "b.conf": theirs}
    text = "".join(f"# configuration file /etc/nginx/{name}:\n{text}\n" for name, text in files.items())
    return servers(read_dump(text), {OURS})


@pytest.mark.parametrize(
    ("server", "taken"),
    [
        ("server_name shop.example.com;", True),
        ("server_name x SHOP.example.com; listen 80;", True),
        ("server_name .shop.example.com; listen 80;", True),
        ("server_name shop.example.com; listen [::]:80;", True),
        ("server_name shop.example.com; listen 127.0.0.1:80;", True),
        ("server_name shop.example.com; listen 443 ssl;", False),
        ("server_name *.example.com; listen 80;", False),
        (r"server_name ~^(www\.)?shop\.example\.com$; listen 80;", True),
        (r'server_name "~^(?<sub>\w{1,9})\.example\.com$"; listen 80;', True),
        (r"server_name ~^(?P<sub>\S+)\.EXAMPLE\.com$; listen 80;", True),
        (r"server_name ~^www\.shop\.example\.com$; listen 80;", False),
        (r"server_name ~^(?<!\w)\Qshop.example.com\E; listen 80;", False),
        ("server_name shop.*; listen 80;", False),
        ("server_name .example.com; listen 80;", False),
        ("server_name _; listen 80 default_server;", False),
    ],
)
def test_a_domain_is_taken_by_a_server_that_names_it_where_we_would_listen(server: str, taken: bool) -> None:
    assert make(f"server {{ {server} }}").taken("shop.example.com", [EVERY]) is taken


@pytest.mark.parametrize(
    ("name", "is_wider"),
    [
        (".example.com", True),
        ("*.Com", True),
        ("~^[[:alnum:]]+", True),
        (".shop.example.com", False),
        ("~^shop", False),
        ('""', False),
    ],
)
def test_a_wildcard_that_means_a_domain_too_is_known(name: str, is_wider: bool) -> None:
    assert bool(make(f"server {{ server_name {name}; }}").wider("shop.example.com")) is is_wider


def test_our_own_servers_take_nothing_from_us() -> None:
    found = make("", "server { server_name shop.example.com; }")
    assert not found.taken("shop.example.com", [EVERY])
    assert found.foreign == []


@pytest.mark.parametrize("listen", ["80 ssl", "80 proxy_protocol", "80 quic"])
def test_an_address_with_tls_or_the_proxy_protocol_is_not_plain(listen: str) -> None:
    assert make(f"server {{ listen {listen}; }}").not_plain(EVERY)
    assert not make("server { listen 80 http2; }").not_plain(EVERY)


@pytest.mark.parametrize(
    ("theirs", "first", "aside"),
    [
        ("server { listen 80; }", False, True),
        ("server { listen 80; }", True, False),
        ("server { listen 80 default_server; }", False, False),
        ("server { listen *:80 default; }", False, False),
        ("server { listen 81; }", False, False),
        ("server { }", False, True),
    ],
)
def test_a_default_by_place_alone_is_pushed_aside_by_ours_before_it(theirs: str, first: bool, aside: bool) -> None:
    found = make(theirs, "server { listen 80; server_name shop.example.com; }", first)
    assert (found.pushed_aside(EVERY) is not None) is aside
