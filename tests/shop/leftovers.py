"""Everything that a test created in the Docker Engine: removed at its end, or by the run after a killed one."""

from __future__ import annotations

import tempfile
from ipaddress import IPv4Network
from pathlib import Path

from docker import APIClient

STATE_DIR = "hookserver.state_dir"


def state_dirs(api: APIClient, *subnets: str) -> list[Path]:
    """The ``state_dir`` of each test of a killed run that holds a network within these subnets."""
    wanted = [IPv4Network(subnet) for subnet in subnets]
    found = set()
    for network in api.networks(filters={"label": STATE_DIR}):
        state_dir = Path(network["Labels"][STATE_DIR])
        pools = [IPv4Network(pool["Subnet"]) for pool in network["IPAM"]["Config"] or []]
        # An installation outside the temporary folder is an operator's.
        if Path(tempfile.gettempdir()) in state_dir.parents and any(one.overlaps(a) for one in pools for a in wanted):
            found.add(state_dir)
    return sorted(found)


def remove_all(api: APIClient, label: str) -> None:
    """Remove the containers, networks, images and volumes with this label."""
    ours = {"label": label}
    for container in api.containers(all=True, filters=ours):
        api.remove_container(container["Id"], v=True, force=True)
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
