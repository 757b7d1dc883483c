"""The Docker Engine: one client, a limit on every call, and its errors in our words."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from typing import TypeVar

import requests
from docker import APIClient
from docker.errors import APIError, DockerException
from docker.utils.utils import kwargs_from_env

from hookserver.errors import ContainerError, HookserverError

TIMEOUT = 30
"""Seconds that Docker may take for a call, beside what the call itself waits for."""
_LOCAL = "unix:///var/run/docker.sock"

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Engine:
    """The Docker Engine at ``host``; empty: at ``$DOCKER_HOST``, else on the local socket. Connects when first used."""

    def __init__(self, host: str, timeout: int = TIMEOUT) -> None:
        self.host = host or os.environ.get("DOCKER_HOST") or _LOCAL
        self._timeout = timeout

    @property
    def is_local(self) -> bool:
        return self.host.startswith(("unix://", "/"))

    @cached_property
    def api(self) -> APIClient:
        """Docker's low-level client, for the newest API that the engine knows."""
        with self.doing("connect to Docker"):
            tls = kwargs_from_env().get("tls", False)
            client = APIClient(base_url=self.host, tls=tls, timeout=self._timeout)
        weakref.finalize(self, client.close)
        return client

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """Translate what Docker's client raises inside into a ContainerError that begins with ``cannot <what>``."""
        try:
            yield
        except APIError as error:
            raise ContainerError(f"cannot {what}: {error.explanation or error}".rstrip(), remedy(str(error))) from error
        except (DockerException, requests.RequestException) as error:
            problem, remedy_ = self._unreachable(error)
            raise ContainerError(f"cannot {what}: {problem}", remedy_) from error

    def _unreachable(self, error: Exception) -> tuple[str, str]:
        said = str(error)
        if isinstance(error, requests.Timeout) or "timed out" in said.lower():
            return (
                f"Docker at {self.host} did not answer within {self._timeout} s",
                "See what holds it up: systemctl status docker, journalctl -u docker",
            )
        if "PermissionError" in said or "Permission denied" in said:
            return (
                f"the user that hookserver runs as may not use {self.host}",
                "Add that user to the group docker, or run the worker as root.",
            )
        return f"Docker does not answer at {self.host}: {said}", "Start it: systemctl start docker"


def remedy(said: str) -> str:
    """What to do about an answer of Docker's, by its text."""
    if "No such image" in said:
        return "Deploy the commit again with --rebuild: its image was removed."
    if "Address already in use" in said:
        return "Another container has the address: see docker network inspect; remove it, or set another docker.subnet."
    if "no space left" in said.lower():
        return "Make room on the disk: docker system df shows what Docker keeps."
    if "cannot allocate memory" in said.lower():
        return "The machine is out of memory: lower apps.<app>.tomcat.memory or replicas."
    return "See journalctl -u docker; then deploy again."


def in_parallel(action: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
    """The results in order. All are let finish; then the first error, if any, is raised."""
    waiting = list(items)
    if not waiting:
        return []
    with ThreadPoolExecutor(max_workers=len(waiting), thread_name_prefix="docker") as pool:
        results = [pool.submit(action, item) for item in waiting]
    errors = [error for error in (result.exception() for result in results) if error]
    for error in sorted(errors, key=lambda error: not isinstance(error, HookserverError)):
        raise error
    return [result.result() for result in results]
