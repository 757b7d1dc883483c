"""The tools that every build gets."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network

from hookserver.config import DockerSettings
from hookserver.engine.client import Engine
from hookserver.engine.labels import label_set
from hookserver.engine.temporary import TemporaryContainers
from hookserver.errors import BuildError
from hookserver.state.state_dir import StateDir

LIBRARY_LAYER = "library"
"""The role of a layer that images are made on, whose label they have too."""
_TIMEOUT = 120


@dataclass(frozen=True)
class BuildTools:
    """Docker, whose errors are BuildError here, its temporary containers, and our folders.

    ``subnet`` is that of the replicas, which the image's Tomcat trusts.
    """

    engine: Engine
    containers: TemporaryContainers
    state: StateDir
    subnet: IPv4Network

    def labels(self, app: str, role: str, **more: object) -> dict[str, str]:
        """The labels of something that a build makes; ``more`` is keyed by the part after ``hookserver.``."""
        return label_set(self.state.root, role, app, **more)


def build_tools(docker: DockerSettings, state: StateDir) -> BuildTools:
    """The tools for this engine and this installation. Connects to nothing yet."""
    engine = Engine(docker.host, timeout=_TIMEOUT, error=BuildError)
    return BuildTools(engine, TemporaryContainers(engine, state.root), state, docker.subnet)
