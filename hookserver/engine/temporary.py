"""Containers that exist only while something is built, and their removal."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import requests
from docker.errors import APIError, DockerException

from hookserver.engine.client import Engine
from hookserver.engine.labels import DEPLOY, ROLE, STATE_DIR, label_filter, label_set, of_ours

BUILD_ROLE = "build"
"""The role of a temporary container, by which it is found when its deploy was killed."""


class TemporaryContainers:
    """Containers of the installation in ``state_dir`` that are removed after use."""

    def __init__(self, engine: Engine, state_dir: Path) -> None:
        self._engine = engine
        self._state_dir = state_dir
        self._removals: list[threading.Thread] = []

    @contextmanager
    def create(self, app: str, deploy: int, image: str, purpose: str, **settings: Any) -> Iterator[str]:
        """A container, created and not started; yields its id. Its removal, volumes included, begins afterwards.

        Its name is ``hs-<app>-<purpose>-<deploy>``; ``settings`` are those of docker-py's ``create_container``.
        ``wait_removed`` waits for the removal. Raises the engine's error class.
        """
        name = f"hs-{app}-{purpose}-{deploy}"
        api = self._engine.api

        def create(name: str) -> dict[str, Any]:
            labels = label_set(self._state_dir, BUILD_ROLE, app, deploy=deploy, name=name)
            made: dict[str, Any] = api.create_container(image, name=name, labels=labels, **settings)
            return made

        with self._engine.doing(f"create the container {name} from {image}"):
            try:
                container = create(name)
            except APIError as error:
                # 409: the name is taken, by a container of an earlier attempt (ContainerCreate in the Engine API).
                if error.status_code != requests.codes.conflict:
                    raise
                self.remove_leftovers(deploy)
                container = create(f"{name}-{secrets.token_hex(4)}" if self._is_taken(name) else name)
        try:
            yield container["Id"]
        finally:
            removal = threading.Thread(target=self._remove, args=(container["Id"],))
            removal.start()
            self._removals.append(removal)

    def wait_removed(self) -> None:
        """Wait for the removals that are under way: they run beside whatever comes next."""
        while self._removals:
            self._removals.pop().join()

    def remove_leftovers(self, deploy: int | None = None) -> list[str]:
        """Kill and remove the containers of a deploy that was killed; ``None``: of every deploy. Returns their ids.

        Raises the engine's error class when Docker does not answer.
        """
        wanted = {STATE_DIR: self._state_dir, ROLE: BUILD_ROLE, DEPLOY: deploy}
        with self._engine.doing("list the containers of builds"):
            containers = of_ours(self._engine.api.containers(all=True, filters=label_filter(wanted)))
        ids = [container["Id"] for container in containers]
        for id_ in ids:
            self._remove(id_)
        return ids

    def _is_taken(self, name: str) -> bool:
        # The filter is a regular expression; Docker's names begin with a slash (ContainerList in the Engine API).
        return bool(self._engine.api.containers(all=True, filters={"name": f"^/{name}$"}))

    def _remove(self, container: str) -> None:
        """Remove it if Docker does; otherwise ``remove_leftovers`` finds it later.

        The CPU limit is removed first (a quota of -1): under it, the processes of a fork bomb get no time to die.
        """
        api = self._engine.api
        with suppress(DockerException, requests.RequestException, OSError):
            api.update_container(container, cpu_quota=-1)
        with suppress(DockerException, requests.RequestException, OSError):
            api.remove_container(container, v=True, force=True)
