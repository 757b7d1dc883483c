"""The tools that every build gets."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network

from hookserver.builders.image_records import ImageRecord, ImageRecords
from hookserver.config import DockerSettings
from hookserver.engine.client import Engine
from hookserver.engine.labels import label_set
from hookserver.engine.metadata_address import set_reachable
from hookserver.engine.network import ensure_network
from hookserver.engine.temporary import TemporaryContainers
from hookserver.errors import BuildError
from hookserver.state.state_dir import StateDir

IMAGE = "image"
"""The role of an app's image."""
LIBRARY_LAYER = "library"
"""The role of a layer of libraries that images are made on."""
DOCKERFILE_BASE = "dockerfile"
"""The role of the image of a project's Dockerfile, on which the app's image is made."""
_TIMEOUT = 120


@dataclass(frozen=True)
class BuildTools:
    """Docker, whose errors are BuildError here, its temporary containers, our folders, and the images made so far.

    ``subnet`` and ``allow_metadata`` are the settings of these names in ``[docker]``.
    """

    engine: Engine
    containers: TemporaryContainers
    state: StateDir
    records: ImageRecords
    subnet: IPv4Network
    allow_metadata: bool = False

    def network(self, subnet: IPv4Network) -> str:
        """The name of the network with an app's subnet, which exists now; metadata is out of its reach, if so set.

        Raises BuildError.
        """
        set_reachable(self.engine, self.subnet, self.allow_metadata)
        return ensure_network(self.engine, subnet, self.state.root)

    def labels(self, record: ImageRecord) -> dict[str, str]:
        """The labels of the image with this record."""
        return label_set(self.state.root, record.role, record.app, deploy=record.deploy, mark=record.mark)


def build_tools(docker: DockerSettings, state: StateDir) -> BuildTools:
    """The tools for this engine and this installation. Connects to nothing yet."""
    engine = Engine(docker.host, timeout=_TIMEOUT, error=BuildError)
    containers = TemporaryContainers(engine, state.root)
    return BuildTools(engine, containers, state, ImageRecords(state.images), docker.subnet, docker.allow_metadata)
