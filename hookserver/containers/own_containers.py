"""The containers of one installation on a Docker Engine: list them by their labels, create them, remove them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docker.errors import APIError, NotFound

from hookserver.containers.arguments import parse_environment
from hookserver.engine import labels
from hookserver.engine.client import Engine, in_parallel
from hookserver.models import Slot
from hookserver.state.wait_until import wait_until

_REMOVAL = 15.0
"""Seconds that another removal of the same container may take."""


def image_environment(engine: Engine, image: str) -> dict[str, str]:
    """The environment variables of an image. Raises ContainerError when there is no such image."""
    with engine.doing(f"find the image {image}"):
        config = engine.api.inspect_image(image).get("Config") or {}
    return parse_environment(config.get("Env"))


@dataclass(frozen=True)
class OwnContainers:
    """The containers that the installation in ``state_dir`` has created; others are never listed.

    Every method raises ContainerError when Docker refuses, or does not answer in time.
    """

    engine: Engine
    state_dir: Path

    def ids(
        self, app: str | None = None, slot: Slot | None = None, deploy: int | None = None, role: str = "replica"
    ) -> list[str]:
        """The ids of the containers with this role, and of the app, the slot and the deploy where they are given."""
        return [container["Id"] for container in self._list(app, slot, deploy, role)]

    def prepare_containers(self) -> list[tuple[str, int]]:
        """Each container of a ``prepare`` command: its id, and the number of its deploy."""
        return [(one["Id"], int(one["Labels"][labels.DEPLOY])) for one in self._list(role="prepare")]

    def create(self, name: str, config: dict[str, Any], networks: Iterable[str]) -> str:
        """Create a container in all its networks, not started; its id."""
        api = self.engine.api
        with self.engine.doing(f"create the container {name}"):
            id_: str = api.create_container_from_config(config, name)["Id"]
        # Before Engine 25 (API 1.44) a container can be created in one network only, so the others follow:
        # https://docs.docker.com/reference/api/engine/version-history/#v144-api-changes
        for further in networks:
            with self.engine.doing(f"connect {name} to the network {further}"):
                api.connect_container_to_network(id_, further)
        return id_

    def remove(self, ids: Iterable[str]) -> None:
        """Kill and remove the containers, all at once, with their anonymous volumes; one that is gone is no error."""
        in_parallel(self._remove_one, ids)

    def _remove_one(self, id_: str) -> None:
        def remove() -> APIError | None:
            try:
                self.engine.api.remove_container(id_, v=True, force=True)
            except APIError as error:
                # 409, "removal of container … is already in progress": wait for that one.
                # https://github.com/moby/moby/blob/master/daemon/delete.go
                if error.status_code != 409:
                    raise
                return error
            return None

        with self.engine.doing(f"remove the container {id_[:12]}"), contextlib.suppress(NotFound):
            if error := wait_until(remove, _REMOVAL, pause=0.1, is_enough=lambda error: error is None):
                raise error

    def _list(
        self, app: str | None = None, slot: Slot | None = None, deploy: int | None = None, role: str = "replica"
    ) -> list[dict[str, Any]]:
        own = {labels.STATE_DIR: self.state_dir, labels.ROLE: role}
        wanted = labels.label_filter({**own, labels.APP: app, labels.SLOT: slot, labels.DEPLOY: deploy})
        with self.engine.doing("list the containers"):
            return labels.of_ours(self.engine.api.containers(all=True, filters=wanted))
