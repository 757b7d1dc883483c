"""The bridge networks on which replicas have fixed addresses: one for each app, so that no app reaches another's.

Docker lets nothing through between two of its bridges:
https://docs.docker.com/engine/network/packet-filtering-firewalls/#docker-and-iptables
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import requests
from docker.errors import APIError, NotFound
from docker.types import IPAMConfig, IPAMPool

from hookserver.engine.client import Engine
from hookserver.engine.labels import ROLE, STATE_DIR, label_filter, label_set

GATEWAY_PRIORITY = 1000
"""Of a container's networks, the one with the highest is its way out, since Engine 28 (API 1.48)."""
_ROLE = "network"
_REJECT = 0x0200
"""RTF_REJECT of <linux/route.h>."""
_ANOTHER_SUBNET = "Set docker.subnet to a free one, then deploy again."


def network_name(subnet: IPv4Network) -> str:
    """The name of the network with this subnet, so that two installations on one engine use different networks.

    Before Engine 28, a container's way out is the network whose name is the first in the alphabet, which ours is to be:
    ``Less`` of ``epHeap`` in https://github.com/moby/libnetwork/blob/master/sandbox.go
    """
    return f"0-hookserver-{subnet.network_address}-{subnet.prefixlen}"


def network_arguments(subnet: IPv4Network, state_dir: Path) -> dict[str, Any]:
    """The arguments of docker-py's ``create_network``.

    Docker assigns the addresses of ``iprange`` itself: the last quarter, where no replica is. So a container without a
    fixed address, such as a build's, never gets that of a stopped replica. Source:
    https://docs.docker.com/reference/cli/docker/network/create/
    """
    *_, dynamic = subnet.subnets(prefixlen_diff=2)
    pool = IPAMPool(subnet=str(subnet), iprange=str(dynamic), gateway=str(subnet.network_address + 1))
    return {
        "name": network_name(subnet),
        "driver": "bridge",
        # Before Engine 25 (API 1.44) Docker creates a second network with the same name:
        # https://docs.docker.com/reference/api/engine/version-history/#v144-api-changes
        "check_duplicate": True,
        "ipam": IPAMConfig(pool_configs=[pool]),
        "labels": label_set(state_dir, _ROLE),
    }


def ensure_network(engine: Engine, subnet: IPv4Network, state_dir: Path) -> str:
    """Create the network with this subnet unless it exists; its name.

    Raises the engine's error class when its addresses belong to another network, another route, or another installation
    of hookserver.
    """
    network = _inspect(engine, subnet)
    if network is None:
        if engine.is_local:
            _refuse_routes(engine, subnet, Path("/proc/net/route"))
        network = _create(engine, subnet, network_arguments(subnet, state_dir))
    owner = (network.get("Labels") or {}).get(STATE_DIR)
    if owner != str(state_dir):
        whose = f"the installation in {owner}" if owner else "another program"
        raise engine.error(f"the network {network['Name']} belongs to {whose}", _ANOTHER_SUBNET)
    return network_name(subnet)


def ensure_networks(engine: Engine, subnets: Iterable[IPv4Network], state_dir: Path) -> None:
    """Create the networks that are missing. Raises the engine's error class as ``ensure_network``."""
    with engine.doing("list the networks"):
        found = engine.api.networks(filters=label_filter({STATE_DIR: state_dir, ROLE: _ROLE}))
    present = {network["Name"] for network in found}
    for subnet in subnets:
        if network_name(subnet) not in present:
            ensure_network(engine, subnet, state_dir)


def remove_network(engine: Engine, subnet: IPv4Network, state_dir: Path) -> None:
    """Remove the network with this subnet; it stays while a container of others uses it, or when it is not ours.

    Raises the engine's error class.
    """
    network = _inspect(engine, subnet)
    if network is None or (network.get("Labels") or {}).get(STATE_DIR) != str(state_dir):
        return
    with engine.doing(f"remove the network {network['Name']}"):
        try:
            engine.api.remove_network(network["Id"])
        except NotFound:
            return
        except APIError as error:
            # 403, "has active endpoints": NetworkDelete in https://docs.docker.com/reference/api/engine/version/v1.41/
            if error.status_code != requests.codes.forbidden:
                raise


def require_networks(engine: Engine, names: Iterable[str]) -> None:
    """Raise the engine's error class when one of these networks of others is missing, before anything starts."""
    for name in names:
        with engine.doing(f"inspect the network {name}"):
            try:
                engine.api.inspect_network(name)
            except NotFound as error:
                raise engine.error(
                    f"there is no Docker network {name}",
                    f"Create it (docker network create {name}), or remove it from apps.<app>.tomcat.networks.",
                ) from error


def default_subnet(engine: Engine) -> IPv4Network:
    """The addresses of Docker's default network. Raises the engine's error class."""
    with engine.doing("inspect Docker's default network"):
        pools = engine.api.inspect_network("bridge")["IPAM"]["Config"]
    return next(IPv4Network(pool["Subnet"]) for pool in pools if ":" not in pool["Subnet"])


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
        raise engine.error(f"docker.subnet: {subnet} is not free: {whose}", _ANOTHER_SUBNET)


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
    raise engine.error(f"Docker cannot create the network {subnet}: {_why(engine, subnet, refused)}", _ANOTHER_SUBNET)


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
