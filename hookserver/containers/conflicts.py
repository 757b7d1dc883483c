"""What stands where a slot's replicas are to be: our own leftovers, which go, and others', which are left alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from hookserver.engine import labels
from hookserver.errors import ContainerError
from hookserver.models import Endpoint, Slot


def leftovers(
    everything: Iterable[Mapping[str, Any]],
    state_dir: str,
    app: str,
    slot: Slot,
    places: Sequence[Endpoint],
    network: str,
    spared: Collection[str],
) -> list[str]:
    """The ids of the slot's own containers but those named in ``spared``, out of Docker's list of all there are.

    Raises ContainerError when any other container has a name or an address of the ``places``.
    """
    names, addresses = {place.name for place in places}, {place.host for place in places}
    wanted = {labels.STATE_DIR: state_dir, labels.ROLE: "replica", labels.APP: app, labels.SLOT: slot}
    found = []
    for container in everything:
        name = container["Names"][0].lstrip("/") if container.get("Names") else container["Id"][:12]
        if wanted.items() <= (container.get("Labels") or {}).items():
            found += [container["Id"]] * (name not in spared)
            continue
        taken = (names & {name}) | (addresses & _addresses(container, network))
        if taken:
            raise ContainerError(
                f"the container {name}, which is not of {app}'s {slot} slot, has {' and '.join(sorted(taken))}",
                f"Rename it, give it another address, or remove it (docker rm -f {name}); then deploy again.",
            )
    return found


def _addresses(container: Mapping[str, Any], network: str) -> set[str]:
    """Those that a container has, or will have when it is started, on the network."""
    place = ((container.get("NetworkSettings") or {}).get("Networks") or {}).get(network) or {}
    return {place.get("IPAddress") or "", (place.get("IPAMConfig") or {}).get("IPv4Address") or ""} - {""}
