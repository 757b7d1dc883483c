from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path

from hookserver.engine.network import network_arguments, network_name, routes_within

SUBNET = IPv4Network("172.30.240.0/20")
HEAD = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"


def route(device: str, destination: str, mask: str, flags: str = "0001") -> str:
    return f"{device}\t{destination}\t00000000\t{flags}\t0\t0\t0\t{mask}\t0\t0\t0\n"


def test_network_name_depends_on_the_subnet() -> None:
    assert network_name(SUBNET) == "0-hookserver-172.30.240.0-20"
    assert network_name(IPv4Network("172.30.224.0/20")) != network_name(SUBNET)


def test_docker_never_assigns_the_address_of_a_replica_itself() -> None:
    subnet = IPv4Network("172.30.240.32/27")
    pool = network_arguments(subnet, Path("/state"))["ipam"]["Config"][0]
    assert (pool["Subnet"], pool["IPRange"], pool["Gateway"]) == (str(subnet), "172.30.240.56/29", "172.30.240.33")


def test_route_into_the_subnet_is_found_with_its_device() -> None:
    table = HEAD + route("eth0", "00000000", "00000000") + route("tun0", "00F81EAC", "00FFFFFF")
    assert routes_within(table, SUBNET) == ["172.30.248.0/24 on tun0"]


def test_wider_route_counts_and_a_neighbouring_one_does_not() -> None:
    table = HEAD + route("tun0", "000010AC", "0000F0FF") + route("br0", "00E01EAC", "00F0FFFF")
    assert routes_within(table, SUBNET) == ["172.16.0.0/12 on tun0"]


def test_rejecting_route_does_not_count() -> None:
    assert routes_within(HEAD + route("*", "00F01EAC", "00F0FFFF", flags="0201"), SUBNET) == []
