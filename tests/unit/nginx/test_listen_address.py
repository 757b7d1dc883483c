"""A listen address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookserver.nginx.listen_address import Address, address

HOSTS = st.sampled_from(["", "*:", "0.0.0.0:", "127.0.0.1:", "[::]:", "[2001:DB8::1]:", "localhost:", "Shop.Example:"])
PORTS = st.one_of(st.integers(1, 65535).map(str), st.just("8000-8010"))


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("80", "*", "80"),
        ("*:8080", "*", "8080"),
        ("0.0.0.0:80", "*", "80"),
        ("127.0.0.1", "127.0.0.1", "80"),
        ("127.0.0.1:81", "127.0.0.1", "81"),
        ("[::]:80", "[::]", "80"),
        ("[2001:DB8::1]", "[2001:db8::1]", "80"),
        ("localhost:80", "localhost", "80"),
        ("localhost", "localhost", "80"),
        ("8000-8010", "*", "8000-8010"),
        ("unix:/run/x.sock", "unix:/run/x.sock", ""),
    ],
)
def test_address_is_what_nginx_groups_servers_by(text: str, host: str, port: str) -> None:
    assert address(text) == Address(host, port)


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ("80", "*:80", True),
        ("80", "127.0.0.1:80", True),
        ("80", "[::]:80", True),
        ("[::]:80", "127.0.0.1:80", True),
        ("localhost", "LOCALHOST:80", True),
        ("80", "81", False),
        ("127.0.0.1:80", "127.0.0.2:80", False),
        ("127.0.0.1:80", "127.0.0.1:81", False),
        ("unix:/run/x.sock", "unix:/run/x.sock", True),
        ("unix:/run/x.sock", "unix:/run/y.sock", False),
        ("unix:/run/x.sock", "80", False),
    ],
)
def test_addresses_meet_where_one_visitor_could_reach_both(one: str, other: str, meet: bool) -> None:
    assert address(one).meets(address(other)) is meet
    assert address(other).meets(address(one)) is meet


@given(HOSTS, PORTS)
def test_written_address_is_read_as_the_same_one(host: str, port: str) -> None:
    read = address(f"{host}{port}")
    assert address(str(read)) == read


def test_written_address_names_no_host_where_it_means_all() -> None:
    assert [str(address(text)) for text in ("0.0.0.0:80", "[::]:80", "127.0.0.1")] == ["80", "[::]:80", "127.0.0.1:80"]
