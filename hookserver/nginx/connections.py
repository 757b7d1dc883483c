"""Requests in flight to a slot, from the kernel's table of TCP connections (proc(5), /proc/net/tcp)."""

from __future__ import annotations

import ipaddress
import socket
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from hookserver.models import Endpoint

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_IN_USE = frozenset({"01", "02"})
"""Established, or being established (TCP_ESTABLISHED, TCP_SYN_SENT in the kernel's include/net/tcp_states.h)."""


def requests_in_flight(endpoints: Sequence[Endpoint]) -> int:
    """Connections from this host to the endpoints, of any process; an idle one counts until Nginx closes it."""
    lines = [line for table in _TABLES if table.exists() for line in table.read_text("ascii").splitlines()[1:]]
    return count(lines, {(endpoint.host, endpoint.port) for endpoint in endpoints})


def count(lines: Iterable[str], remotes: set[tuple[str, int]]) -> int:
    """How many ``lines`` of the kernel's table are connections in use to one of ``remotes`` (address, port)."""
    found = 0
    for line in lines:
        _, _, remote, state, *_ = line.split(maxsplit=4)  # sl, local_address, rem_address, st: proc_pid_net(5)
        if state in _IN_USE and _address(remote) in remotes:
            found += 1
    return found


def _address(text: str) -> tuple[str, int]:
    """``0100007F:1F90`` → ``("127.0.0.1", 8080)``: the address is in 32-bit words of the machine's byte order."""
    address, _, port = text.partition(":")
    raw = bytes.fromhex(address)
    if sys.byteorder == "little":
        raw = b"".join(raw[at : at + 4][::-1] for at in range(0, len(raw), 4))
    if len(raw) == 4:
        return socket.inet_ntoa(raw), int(port, 16)
    whole = ipaddress.IPv6Address(raw)
    return str(whole.ipv4_mapped or whole), int(port, 16)
