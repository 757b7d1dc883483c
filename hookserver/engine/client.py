"""The Docker Engine: one client, a time limit on every call, and Docker's errors as ours."""

from __future__ import annotations

import os
import tarfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from typing import IO, TypeVar

import requests
from docker import APIClient
from docker.errors import APIError, DockerException
from docker.utils.utils import kwargs_from_env

from hookserver.engine import messages
from hookserver.errors import ContainerError, DeployFailed, HookserverError

TIMEOUT = 30
"""Seconds that Docker may take for a call, beside what the call itself waits for."""
CPU_PERIOD = 100_000
"""Microseconds: a container's CPU quota is a part of this (``--cpu-period`` in ``docker run``'s reference)."""
_LOCAL = "unix:///var/run/docker.sock"

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Engine:
    """The Docker Engine at ``host``; empty: at ``$DOCKER_HOST``, else on the local socket. Connects when first used.

    TLS is as ``$DOCKER_TLS_VERIFY`` and ``$DOCKER_CERT_PATH`` say, as for the docker command:
    https://docs.docker.com/reference/cli/docker/#environment-variables
    A call may take ``timeout`` seconds. Docker's errors are raised as ``error``.
    """

    def __init__(self, host: str, timeout: int = TIMEOUT, error: type[DeployFailed] = ContainerError) -> None:
        self.host = host or os.environ.get("DOCKER_HOST") or _LOCAL  # the order of the docker command, without contexts
        self._timeout = timeout
        self.error = error

    @property
    def is_local(self) -> bool:
        """Whether the engine runs on this machine."""
        return self.host.startswith(("unix://", "/"))

    @cached_property
    def api(self) -> APIClient:
        """Docker's low-level client, for the newest API that the engine knows. Raises the engine's error class."""
        with self.doing("connect to Docker"):
            # Only TLS from the environment: `host` already includes $DOCKER_HOST.
            tls = kwargs_from_env().get("tls", False)
            client = APIClient(base_url=self.host, tls=tls, timeout=self._timeout)
        # docker-py's client does not close its sockets when it is garbage collected: Python warns (ResourceWarning).
        weakref.finalize(self, client.close)
        return client

    def close(self) -> None:
        """Close the connection, if there is one; the next call connects again."""
        if api := self.__dict__.pop("api", None):
            api.close()

    @contextmanager
    def doing(self, action: str) -> Iterator[None]:
        """Translate errors of Docker, of the connection to it, and of files on the way: ``cannot <action>: <why>``.

        Raises the engine's error class.
        """
        try:
            yield
        except APIError as error:
            problem = str(error.explanation or error)
            raise self.error(f"cannot {action}: {problem}".rstrip(), messages.remedy(problem)) from error
        except (DockerException, requests.RequestException) as error:
            problem, remedy = messages.unreachable(error, self.host, self._timeout)
            raise self.error(f"cannot {action}: {problem}", remedy) from error
        except (OSError, tarfile.TarError) as error:
            raise self.error(f"cannot {action}: {error}", messages.remedy(str(error))) from error

    @contextmanager
    def stream(
        self, path: str, query: Mapping[str, str | int], data: IO[bytes] | None = None, silence: float | None = None
    ) -> Iterator[requests.Response]:
        """A POST to the Engine API whose answer arrives for as long as something runs, and that the caller may end.

        docker-py's own calls cannot be ended early. ``silence`` is the longest time without a byte, in seconds.
        Raises the engine's error class when Docker refuses.
        """
        headers = {"Content-Type": "application/x-tar"} if data else {}
        url = f"{self.api.base_url}/v{self.api.api_version}/{path}"
        timeout = silence or self._timeout
        answer = self.api.post(url, params=query, data=data, headers=headers, stream=True, timeout=timeout)
        try:
            if not answer.ok:
                problem = str(answer.json().get("message", answer.text))
                raise self.error(f"Docker refuses: {problem}", messages.remedy(problem))
            yield answer
        finally:
            answer.close()


def in_parallel(action: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
    """The results in order. Every action ends first; then the first error, if any, is raised, ours before others."""
    waiting = list(items)
    if not waiting:
        return []
    with ThreadPoolExecutor(max_workers=len(waiting), thread_name_prefix="docker") as pool:
        results = [pool.submit(action, item) for item in waiting]
    errors = [error for error in (result.exception() for result in results) if error]
    for error in sorted(errors, key=lambda error: not isinstance(error, HookserverError)):
        raise error
    return [result.result() for result in results]
