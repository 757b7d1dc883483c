"""Containers in the places of a slot's replicas: ours are removed, those of others are never touched."""

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
    """The ids of the slot's own containers in ``everything`` (Docker's list), except those named in ``spared``.

    Raises ContainerError when another container has a name or an address of the ``places``.
    """
    names, addresses = {place.name for place in places}, {place.host for place in places}
    wanted = {labels.STATE_DIR: state_dir, labels.ROLE: "replica", labels.APP: app, labels.SLOT: slot}
    ids = []
    for container in everything:
        name = container["Names"][0].lstrip("/") if container.get("Names") else container["Id"][:12]
        if labels.of_ours([container]) and wanted.items() <= container["Labels"].items():
            ids += [container["Id"]] * (name not in spared)
            continue
        taken = (names & {name}) | (addresses & _addresses(container, network))
        if taken:
            raise ContainerError(
                f"the container {name} does not belong to {app}'s {slot} slot, but has {' and '.join(sorted(taken))}",
                f"Rename it, give it another address, or remove it (docker rm -f {name}); then deploy again.",
            )
    return ids


def _addresses(container: Mapping[str, Any], network: str) -> set[str]:
    """The addresses of a container on the network: the current one, and the fixed one that it gets at its start."""
    endpoint = ((container.get("NetworkSettings") or {}).get("Networks") or {}).get(network) or {}
    return {endpoint.get("IPAddress") or "", (endpoint.get("IPAMConfig") or {}).get("IPv4Address") or ""} - {""}
