"""The Docker engine as the builders use it: one client, our labels, its errors in our words."""

from __future__ import annotations

import os
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Any

import docker
import docker.errors
import requests
from docker.utils.utils import kwargs_from_env

from hookserver.config import DockerSettings
from hookserver.deploy_log import DeployLog
from hookserver.engine.chunks import Chunks
from hookserver.engine.labels import APP, DEPLOY, ROLE, STATE_DIR
from hookserver.engine.translate import failure, translated
from hookserver.errors import BuildError
from hookserver.state.state_dir import StateDir

LIBRARY_LAYER = "library"
"""The role of a layer that images are made on, whose label they have too."""
BUILDING = "build"
"""The role of a container that exists only while something is built."""
CPU_PERIOD = 100_000
"""Microseconds: what a container's CPU quota is a part of."""
_PATIENCE = 120


class Engine:
    """A connection to Docker that knows whose containers and images it makes.

    ``api`` is docker-py's low-level client.
    """

    def __init__(self, docker_settings: DockerSettings, state: StateDir) -> None:
        self.state = state
        self.subnet = docker_settings.subnet
        self.host = docker_settings.host or os.environ.get("DOCKER_HOST", "")
        self._api: docker.APIClient | None = None
        self._removals: list[threading.Thread] = []

    @property
    def api(self) -> docker.APIClient:
        """Connects at first use. Raises BuildError when Docker does not answer."""
        if self._api is None:
            with translated("connect"):
                tls = kwargs_from_env().get("tls", False)
                self._api = docker.APIClient(base_url=self.host or None, tls=tls, timeout=_PATIENCE)
        return self._api

    def labels(self, app: str, role: str, **more: str) -> dict[str, str]:
        """The labels of something we make; ``more`` is keyed by the part after ``hookserver.``."""
        named = {f"hookserver.{key}": value for key, value in more.items()}
        return {STATE_DIR: str(self.state.root), APP: app, ROLE: role, **named}

    @contextmanager
    def container(self, app: str, deploy: int, image: str, purpose: str, **settings: Any) -> Iterator[str]:
        """A container that is made, not started. Yields its id; afterwards it goes, with what it holds: see ``settle``.

        Its name is ``hs-<app>-<purpose>-<deploy>``; ``settings`` are those of docker-py's ``create_container``.
        """
        name = f"hs-{app}-{purpose}-{deploy}"
        labels = self.labels(app, BUILDING, deploy=str(deploy))
        with translated(f"make the container {name} from {image}"):
            try:
                made = self.api.create_container(image, name=name, labels=labels, **settings)
            except docker.errors.APIError as error:
                if error.status_code != requests.codes.conflict:
                    raise
                self.remove_leftovers(deploy)
                free = None if self._exists(name) else name
                made = self.api.create_container(image, name=free, labels=labels, **settings)
        try:
            yield made["Id"]
        finally:
            removal = threading.Thread(target=self._remove, args=(made["Id"],))
            removal.start()
            self._removals.append(removal)

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._api is not None:
            self._api.close()
            self._api = None

    def settle(self) -> None:
        """Wait until the containers that were done with are gone: they go while the next thing is done."""
        while self._removals:
            self._removals.pop().join()

    def have_image(self, image: str, setting: str, log: DeployLog) -> str:
        """The id of an image, pulled when it is not here. Raises BuildError, which names ``setting``."""
        if found := self.image_id(image):
            return found
        log.line(f"pulling {image}")
        try:
            for told in self.api.pull(image, stream=True, decode=True):
                if why := failure(told):
                    raise docker.errors.DockerException(why)
        except (docker.errors.DockerException, requests.RequestException) as error:
            told = getattr(error, "explanation", "") or error  # an APIError's text is mostly the request's address
            raise BuildError(
                f"the image {image} ({setting}) is not here and cannot be pulled: {told}",
                f"Pull, load or make it on this machine (deploy/images/make.sh makes Tomcat's, Maven's and Ant's, "
                f"and a Gradle 4.4), or name another one in {setting}.",
            ) from error
        return self.image_id(image)

    def image_id(self, image: str) -> str:
        """The id of an image that is here; empty when it is not."""
        with translated(f"look for the image {image}"):
            try:
                return str(self.inspect(image)["Id"])
            except docker.errors.ImageNotFound:
                return ""

    def inspect(self, image: str) -> dict[str, Any]:
        """What Docker tells of an image, as the Engine API names it."""
        told: dict[str, Any] = self.api.inspect_image(image)
        return told

    @contextmanager
    def archive(self, container: str, path: str) -> Iterator[tarfile.TarFile]:
        """A file or folder of a container as a tar stream, to be read once, in order.

        Raises FileNotFoundError when it is not there, BuildError when Docker does not give it.
        """
        with translated(f"copy {path} out of a container"):
            try:
                chunks, _ = self.api.get_archive(container, path)
            except docker.errors.NotFound:
                chunks = None
            if chunks is not None:
                with tarfile.open(fileobj=Chunks(chunks), mode="r|") as archive:
                    yield archive
        if chunks is None:
            raise FileNotFoundError(path)

    def file(self, container: str, path: str, limit: int) -> bytes:
        """A file of a container, through symlinks; empty when it is not there, is none, or has more bytes than that.

        Raises BuildError when Docker does not give it.
        """
        with translated(f"copy {path} out of a container"):
            try:
                chunks, stat = self.api.get_archive(container, path)
                if stat["linkTarget"]:
                    chunks, stat = self.api.get_archive(container, stat["linkTarget"])
            except docker.errors.NotFound:
                return b""
            with tarfile.open(fileobj=Chunks(chunks), mode="r|") as archive:
                entry = archive.next()
                content = archive.extractfile(entry) if entry and entry.isreg() and entry.size <= limit else None
                return content.read() if content else b""

    @contextmanager
    def stream(
        self, path: str, query: Mapping[str, str | int], data: IO[bytes] | None = None, patience: float = _PATIENCE
    ) -> Iterator[requests.Response]:
        """A POST whose answer comes for as long as something runs; docker-py gives no way to end its own early.

        ``patience``: seconds of silence that are put up with. Raises BuildError when Docker refuses.
        """
        headers = {"Content-Type": "application/x-tar"} if data else {}
        url = f"{self.api.base_url}/v{self.api.api_version}/{path}"
        answer = self.api.post(url, params=query, data=data, headers=headers, stream=True, timeout=patience)
        try:
            if not answer.ok:
                raise BuildError(f"Docker refuses: {answer.json().get('message', answer.text)}", "Mend what it names.")
            yield answer
        finally:
            answer.close()

    def find_image(self, labels: Mapping[str, str]) -> str:
        """The id of the newest image of ours with these labels; empty when there is none."""
        wanted = [f"{key}={value}" for key, value in {STATE_DIR: str(self.state.root), **labels}.items()]
        with translated("look for an image"):
            found = self.api.images(all=True, filters={"label": wanted})
        return str(max(found, key=lambda image: image["Created"])["Id"]) if found else ""

    def remove_leftovers(self, deploy: int | None = None) -> list[str]:
        """Kill and remove the build containers of a deploy that was killed; ``None``: of every deploy of ours.

        Returns the ids of those that were there. Raises BuildError when Docker does not answer.
        """
        wanted = [f"{STATE_DIR}={self.state.root}", f"{ROLE}={BUILDING}"]
        if deploy is not None:
            wanted.append(f"{DEPLOY}={deploy}")
        with translated("list the containers of builds"):
            found = [entry["Id"] for entry in self.api.containers(all=True, filters={"label": wanted})]
        for container in found:
            self._remove(container)
        return found

    def _exists(self, name: str) -> bool:
        return bool(self.api.containers(all=True, filters={"name": f"^/{name}$"}))

    def _remove(self, container: str) -> None:
        """One that Docker does not remove now is found by its labels later: see ``remove_leftovers``.

        Its CPU limit goes first: the processes of a fork bomb get no turn to die while the limit holds.
        """
        with suppress(docker.errors.DockerException, requests.RequestException, OSError):
            self.api.update_container(container, cpu_quota=-1)
        with suppress(docker.errors.DockerException, requests.RequestException, OSError):
            self.api.remove_container(container, v=True, force=True)
