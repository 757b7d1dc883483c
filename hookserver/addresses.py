"""Where each replica is on the container network: fixed, known before anything runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from hookserver.config import DockerSettings, Settings
from hookserver.config.app_schema import MAX_REPLICAS
from hookserver.models import Endpoint, Slot

Replicas = Mapping[str, Mapping[Slot, int]]
"""An app → its slots → how many replicas the release there has. A slot that is not named has as many as the settings
say, since its next release will."""
AS_THE_SETTINGS_SAY: Replicas = MappingProxyType({})

Endpoints = Mapping[str, Mapping[Slot, Sequence[Endpoint]]]
"""An app → its slots → where their replicas answer."""


def endpoints(docker: DockerSettings, app: str, number: int, slot: Slot, replicas: int) -> list[Endpoint]:
    """The replicas of a slot, in order. ``number`` is the app's fixed number (1, 2, …): 16 addresses each.

    The first 16 addresses of the subnet are Docker's own: see ``containers/network.py``.
    """
    first = docker.subnet.network_address + 2 * MAX_REPLICAS * number + MAX_REPLICAS * (slot is Slot.GREEN)
    return [
        Endpoint(name=f"hs-{app}-{slot}-{replica}", route=f"{slot}{replica}", host=str(first + replica - 1))
        for replica in range(1, replicas + 1)
    ]


def all_endpoints(
    settings: Settings, numbers: Mapping[str, int], replicas: Replicas = AS_THE_SETTINGS_SAY
) -> Endpoints:
    """Where all replicas of all apps answer. ``numbers``: app → its fixed number on the container network."""
    return {
        app.name: {
            slot: endpoints(settings.docker, app.name, numbers[app.name], slot, counts.get(slot, app.replicas))
            for slot in Slot
        }
        for app in settings.apps.values()
        for counts in [replicas.get(app.name, {})]
    }
