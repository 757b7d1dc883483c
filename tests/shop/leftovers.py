"""Everything that a test created in the Docker Engine: removed at its end, or by the run after a killed one."""

from __future__ import annotations

import tempfile
from ipaddress import IPv4Network
from pathlib import Path

from docker import APIClient

from hookserver.engine.labels import STATE_DIR

PREFIX = "hs-"
"""Of the folders that installations are made in."""


def state_dirs(api: APIClient, *subnets: str) -> list[Path]:
    """The ``state_dir`` of each test of a killed run that holds a network within these subnets."""
    wanted = [IPv4Network(subnet) for subnet in subnets]
    found = set()
    for network in api.networks(filters={"label": STATE_DIR}):
        state_dir = Path(network["Labels"][STATE_DIR])
        pools = [IPv4Network(pool["Subnet"]) for pool in network["IPAM"]["Config"] or []]
        if _is_of_a_test(state_dir) and any(pool.overlaps(subnet) for pool in pools for subnet in wanted):
            found.add(state_dir)
    return sorted(found)


def _is_of_a_test(state_dir: Path) -> bool:
    """Whether it is in a folder of `installed` or of pytest; any other is an operator's, also below /tmp."""
    temporary = tempfile.gettempdir()
    is_installed = state_dir.parent.match(f"{temporary}/{PREFIX}*")
    return is_installed or any(folder.match(f"{temporary}/pytest-of-*") for folder in state_dir.parents)


def remove_containers(api: APIClient, label: str) -> None:
    """Remove the containers with this label."""
    for container in api.containers(all=True, filters={"label": label}):
        api.remove_container(container["Id"], v=True, force=True)


def remove_all(api: APIClient, label: str) -> None:
    """Remove the containers, networks, images and volumes with this label."""
    ours = {"label": label}
    remove_containers(api, label)
    for network in api.networks(filters=ours):
        for container in api.inspect_network(network["Id"])["Containers"]:
            api.disconnect_container_from_network(container, network["Id"], force=True)
        api.remove_network(network["Id"])
    while images := api.images(all=True, filters=ours):
        parents = {image["ParentId"] for image in images}
        for image in images:
            if image["Id"] not in parents:
                api.remove_image(image["Id"], force=True)
    for volume in api.volumes(filters=ours)["Volumes"] or []:
        api.remove_volume(volume["Name"], force=True)
