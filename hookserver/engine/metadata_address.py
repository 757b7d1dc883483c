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


def rule(subnet: IPv4Network) -> list[str]:
    """The arguments of ``ip rule add`` and ``ip rule del``."""
    return ["priority", str(_PRIORITY), "from", str(subnet), "to", str(LINK_LOCAL), "unreachable"]


def set_reachable(engine: Engine, subnet: IPv4Network, reachable: bool) -> None:
    """Let containers with addresses of the subnet reach link-local addresses, or not. Can be repeated.

    Does nothing for an engine on another machine. Raises the engine's error class when the host refuses.
    """
    if not engine.is_local:
        return
    command = ["ip", "rule", "del" if reachable else "add", *rule(subnet)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT, check=False)
        problem = done.stderr.strip() if done.returncode else ""
    except (OSError, subprocess.TimeoutExpired) as error:
        problem = str(error)
    if problem and (_GONE if reachable else _THERE) not in problem:
        raise engine.error(
            f"the cloud's metadata address cannot be {'opened' if reachable else 'closed'} for containers: {problem}",
            "Install iproute2 and run the worker as root; or set docker.allow_metadata = true.",
        )
