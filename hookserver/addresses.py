"""Where each replica is on its app's network: fixed, known before anything runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network
from types import MappingProxyType

from hookserver.config import DockerSettings, Settings
from hookserver.config.app_schema import MAX_REPLICAS
from hookserver.config.schema import APP_PREFIX
from hookserver.errors import DeployFailed
from hookserver.models import Endpoint, Slot

Replicas = Mapping[str, Mapping[Slot, int]]
"""An app → its slots → how many replicas the release there has. A slot that is not named has as many as the settings
say, since its next release will."""
AS_THE_SETTINGS_SAY: Replicas = MappingProxyType({})

Endpoints = Mapping[str, Mapping[Slot, Sequence[Endpoint]]]
"""An app → its slots → where their replicas answer."""


def app_subnet(docker: DockerSettings, number: int) -> IPv4Network:
    """The addresses of the app with this fixed number (1, 2, …), a network of its own: see ``engine/network.py``.

    Raises DeployFailed when ``docker.subnet`` has none for it.
    """
    if not 1 <= number <= docker.room:
        raise DeployFailed(
            f"docker.subnet {docker.subnet} has room for {docker.room} apps, and all is taken",
            "Retire an app that is still live, or set docker.subnet to a larger network.",
        )
    return _block(docker, number)


def subnet_of(endpoint: Endpoint) -> IPv4Network:
    """The addresses of the app with this endpoint."""
    return IPv4Network((endpoint.host, APP_PREFIX), strict=False)


def endpoints(docker: DockerSettings, app: str, number: int, slot: Slot, replicas: int) -> list[Endpoint]:
    """The replicas of a slot, in order. ``number`` is the app's fixed number (1, 2, …).

    Of the app's 32 addresses, the second quarter is blue's, the third green's. The gateway has the first one, and
    Docker assigns the last quarter itself.
    """
    first = _block(docker, number).network_address + MAX_REPLICAS * (1 if slot is Slot.BLUE else 2)
    return [
        Endpoint(name=f"hs-{app}-{slot}-{replica}", route=f"{slot}{replica}", host=str(first + replica - 1))
        for replica in range(1, replicas + 1)
    ]


def _block(docker: DockerSettings, number: int) -> IPv4Network:
    size = 1 << (32 - APP_PREFIX)
    return IPv4Network((int(docker.subnet.network_address) + size * (number - 1), APP_PREFIX))


def all_endpoints(
    settings: Settings, numbers: Mapping[str, int], replicas: Replicas = AS_THE_SETTINGS_SAY
) -> Endpoints:
    """Where all replicas of all apps answer. ``numbers``: app → its fixed number."""
    return {
        app.name: {
            slot: endpoints(settings.docker, app.name, numbers[app.name], slot, counts.get(slot, app.replicas))
            for slot in Slot
        }
        for app in settings.apps.values()
        for counts in [replicas.get(app.name, {})]
    }
