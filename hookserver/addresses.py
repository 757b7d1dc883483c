"""Where each replica lives on the container network: fixed, known before anything runs."""

from __future__ import annotations

from hookserver.config import AppSettings, DockerSettings
from hookserver.config.schema import MAX_REPLICAS
from hookserver.models import Endpoint, Slot


def endpoints(docker: DockerSettings, app: AppSettings, number: int, slot: Slot) -> list[Endpoint]:
    """The replicas of a slot, in order. ``number`` is the app's lasting place (1, 2, …): 16 addresses each.

    The first 16 addresses of the subnet are left to the bridge itself.
    """
    first = docker.subnet.network_address + 2 * MAX_REPLICAS * number + MAX_REPLICAS * (slot is Slot.GREEN)
    return [
        Endpoint(name=f"hs-{app.name}-{slot}-{replica}", route=f"{slot}{replica}", host=str(first + replica - 1))
        for replica in range(1, app.replicas + 1)
    ]
