"""Counting connections in the kernel's table."""

from __future__ import annotations

import socket
import sys

import pytest

from hookserver.models import Endpoint
from hookserver.nginx.connections import count, requests_in_flight

LINE = "   0: 010060AC:C350 {remote} {state} 00000000:00000000 00:00000000 00000000 0 0 1 1 0000 20 4 30 10 -1"
REPLICA = {("172.30.96.16", 8080)}

pytestmark = pytest.mark.skipif(sys.byteorder != "little", reason="the samples are those of a little-endian machine")


@pytest.mark.parametrize(("state", "counted"), [("01", 1), ("02", 1), ("04", 0), ("05", 0), ("06", 0), ("0A", 0)])
def test_only_connections_in_use_count(state: str, counted: int) -> None:
    assert count([LINE.format(remote="10601EAC:1F90", state=state)], REPLICA) == counted


@pytest.mark.parametrize("remote", ["11601EAC:1F90", "10601EAC:1F91", "00000000:0000"])
def test_other_addresses_and_ports_do_not_count(remote: str) -> None:
    assert count([LINE.format(remote=remote, state="01")], REPLICA) == 0


def test_an_ipv4_address_in_the_ipv6_table_counts() -> None:
    mapped = "0000000000000000FFFF000010601EAC:1F90"
    assert count([LINE.format(remote=mapped, state="01")], REPLICA) == 1
    assert count([LINE.format(remote="00000000000000000000000001000000:1F90", state="01")], {("::1", 8080)}) == 1


def test_a_real_connection_is_counted_once_until_it_is_closed() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        endpoint = Endpoint("replica", "blue1", "127.0.0.1", listener.getsockname()[1])
        assert requests_in_flight([endpoint]) == 0
        with socket.create_connection((endpoint.host, endpoint.port)), listener.accept()[0]:
            assert requests_in_flight([endpoint]) == 1
        assert requests_in_flight([endpoint]) == 0
