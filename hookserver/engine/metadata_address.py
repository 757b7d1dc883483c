"""The link-local addresses, where clouds serve the machine's credentials, are unreachable for containers of ours.

A routing rule of the host does it, which needs no firewall, and survives a reload of one: ip-rule(8). It counts for
what is forwarded from our networks, not for the host itself.
"""

from __future__ import annotations

import subprocess
from ipaddress import IPv4Network

from hookserver.engine.client import Engine

LINK_LOCAL = IPv4Network("169.254.0.0/16")
"""RFC 3927; ``169.254.169.254`` of AWS, Google Cloud, Azure and others is within."""
_PRIORITY = 169
"""Before the rules of the tables main (32766) and those of VPNs."""
_TIMEOUT = 10.0
_THERE, _GONE = "File exists", "No such file or directory"


def rules(subnet: IPv4Network) -> list[list[str]]:
    """The arguments of ``ip rule add`` and ``ip rule del``, the first to be added first.

    Questions to a name server pass: in some clouds it has a link-local address, and Docker's own name server asks it
    from the container's address.
    """
    ends = ["from", str(subnet), "to", str(LINK_LOCAL)]
    names = [[*ends, "ipproto", protocol, "dport", "53", "lookup", "main"] for protocol in ("udp", "tcp")]
    return [
        *(["priority", str(_PRIORITY - 1), *name] for name in names),
        ["priority", str(_PRIORITY), *ends, "unreachable"],
    ]


def set_reachable(engine: Engine, subnet: IPv4Network, reachable: bool) -> None:
    """Let containers with addresses of the subnet reach link-local addresses, or not. Can be repeated.

    Does nothing for an engine on another machine. Raises the engine's error class when the host refuses.
    """
    # Without rights the kernel refuses to remove a rule that is not there, too; to read them needs none.
    if not engine.is_local or (reachable and f"from {subnet} to {LINK_LOCAL}" not in _ip("rule", "show")[1]):
        return
    for rule in rules(subnet):
        problem, _ = _ip("rule", "del" if reachable else "add", *rule)
        if problem and (_GONE if reachable else _THERE) not in problem:
            verb = "opened" if reachable else "closed"
            raise engine.error(
                f"the cloud's metadata address cannot be {verb} for containers: {problem}",
                "Install iproute2 and run the worker as root; or set docker.allow_metadata = true.",
            )


def _ip(*arguments: str) -> tuple[str, str]:
    """The problem of a call of ip(8), empty when there is none, and its output."""
    try:
        done = subprocess.run(["ip", *arguments], capture_output=True, text=True, timeout=_TIMEOUT, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error), ""
    return (done.stderr.strip() or "it failed") if done.returncode else "", done.stdout
