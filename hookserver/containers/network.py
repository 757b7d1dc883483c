"""The bridge network on which all replicas have fixed addresses."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from docker.errors import APIError, NotFound
from docker.types import IPAMConfig, IPAMPool

from hookserver.engine.client import Engine
from hookserver.engine.labels import STATE_DIR, label_set
from hookserver.errors import ContainerError

_REJECT = 0x0200
"""RTF_REJECT of <linux/route.h>."""
_ANOTHER_SUBNET = "Set docker.subnet to a free one, then deploy again."


def network_name(subnet: IPv4Network) -> str:
    """The name of the network with this subnet, so that two installations on one engine use different networks."""
    return f"hookserver-{subnet.network_address}-{subnet.prefixlen}"


def network_arguments(subnet: IPv4Network, state_dir: Path) -> dict[str, Any]:
    """The arguments of docker-py's ``create_network``.

    Docker assigns the addresses of ``iprange`` itself: the first 16, of a small network the first 8. So a container
    without a fixed address never gets that of a stopped replica. Source:
    https://docs.docker.com/reference/cli/docker/network/create/
    """
    dynamic = next(subnet.subnets(new_prefix=28 if subnet.prefixlen < 27 else 29))
    pool = IPAMPool(subnet=str(subnet), iprange=str(dynamic), gateway=str(subnet.network_address + 1))
    return {
        "name": network_name(subnet),
        "driver": "bridge",
        # Before Engine 25 (API 1.44) Docker creates a second network with the same name:
        # https://docs.docker.com/reference/api/engine/version-history/#v144-api-changes
        "check_duplicate": True,
        "ipam": IPAMConfig(pool_configs=[pool]),
        "labels": label_set(state_dir, "network"),
    }


def ensure_network(engine: Engine, subnet: IPv4Network, state_dir: Path) -> str:
    """Create the network of all replicas unless it exists; its name.

    Raises ContainerError when its addresses belong to another network, another route, or another installation of
    hookserver.
    """
    network = _inspect(engine, subnet)
    if network is None:
        if engine.is_local:
            _refuse_routes(engine, subnet, Path("/proc/net/route"))
        network = _create(engine, subnet, network_arguments(subnet, state_dir))
    owner = (network.get("Labels") or {}).get(STATE_DIR)
    if owner != str(state_dir):
        whose = f"the installation in {owner}" if owner else "another program"
        raise ContainerError(f"the network {network['Name']} belongs to {whose}", _ANOTHER_SUBNET)
    return network_name(subnet)


def require_networks(engine: Engine, names: Iterable[str]) -> None:
    """Raise ContainerError when one of these networks of others is missing: otherwise only the start would fail."""
    for name in names:
        with engine.doing(f"inspect the network {name}"):
            try:
                engine.api.inspect_network(name)
            except NotFound as error:
                raise ContainerError(
                    f"there is no Docker network {name}",
                    f"Create it (docker network create {name}), or remove it from apps.<app>.tomcat.networks.",
                ) from error


def routes_within(table: str, subnet: IPv4Network) -> list[str]:
    """The routes in ``/proc/net/route`` (proc_pid_net(5)) for addresses of the subnet, as ``network on device``.

    Default routes do not count, nor do routes that reject: an operator may reserve the subnet with one.
    """
    routes = []
    for row in table.splitlines()[1:]:
        device, destination, _, flags, _, _, _, mask = row.split()[:8]
        network = IPv4Network((_little_endian(destination), str(ipaddress.IPv4Address(_little_endian(mask)))))
        if network.prefixlen and not int(flags, 16) & _REJECT and network.overlaps(subnet):
            routes.append(f"{network} on {device}")
    return routes


def _little_endian(digits: str) -> int:
    """The kernel prints an address as one number in the host's byte order: proc_pid_net(5)."""
    return socket.ntohl(int(digits, 16))


def _refuse_routes(engine: Engine, subnet: IPv4Network, table: Path) -> None:
    try:
        routes = routes_within(table.read_text(encoding="ascii"), subnet)
    except OSError:
        return
    if routes:
        whose = _why(engine, subnet, f"it is routed already: {', '.join(routes)}")
        raise ContainerError(f"docker.subnet {subnet} is not free: {whose}", _ANOTHER_SUBNET)


def _inspect(engine: Engine, subnet: IPv4Network) -> dict[str, Any] | None:
    with engine.doing("inspect the containers' network"):
        try:
            return dict(engine.api.inspect_network(network_name(subnet)))
        except NotFound:
            return None


def _create(engine: Engine, subnet: IPv4Network, arguments: dict[str, Any]) -> dict[str, Any]:
    refused = ""  # two processes may create it at once: the loser finds the winner's network below
    with engine.doing(f"create the network {network_name(subnet)}"):
        try:
            engine.api.create_network(**arguments)
        except APIError as error:
            refused = str(error.explanation or error)
    if (network := _inspect(engine, subnet)) is not None:
        return network
    raise ContainerError(f"Docker cannot create the network {subnet}: {_why(engine, subnet, refused)}", _ANOTHER_SUBNET)


def _why(engine: Engine, subnet: IPv4Network, refused: str) -> str:
    with engine.doing("list the networks"):
        networks = engine.api.networks()
    others = [
        f"{network['Name']} ({pool['Subnet']})"
        for network in networks
        for pool in (network.get("IPAM") or {}).get("Config") or []
        if "Subnet" in pool and ":" not in pool["Subnet"] and IPv4Network(pool["Subnet"], False).overlaps(subnet)
    ]
    return f"its addresses belong to {', '.join(others)}" if others else refused
