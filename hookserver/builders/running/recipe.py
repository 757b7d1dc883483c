"""How a build runs in its container: the recipe of its kind, and the container's limits, mounts and environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from docker.types import LogConfig, Mount

from hookserver.builders.job import BuildJob
from hookserver.builders.running import truststore
from hookserver.builders.running.tools import BuildTools
from hookserver.config.secrets import plain
from hookserver.engine.client import CPU_PERIOD
from hookserver.engine.labels import APP, STATE_DIR
from hookserver.engine.network import network_name
from hookserver.errors import BuildError

PROCESSES = 2048
"""Processes and threads of a build: a fork bomb must not take those of the host."""
# Root in the container needs these to unpack archives and to end its processes: capabilities(7).
_CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID"]


@dataclass(frozen=True)
class Recipe:
    """How a kind of build runs.

    ``command`` runs in the source's folder. ``caches`` are the names of volumes by their paths in the container.
    ``folder`` is the name of the folder in which the tool leaves WARs (empty: any), ``war`` the glob of the WAR to take
    (empty: none is named). ``is_error`` recognises the tool's error lines; ``heading`` is the line before its cause
    (see ``Cause``). ``advice`` has the remedies by a text of the output.
    """

    image: str
    command: tuple[str, ...]
    caches: Mapping[str, str]
    folder: str
    is_error: Callable[[str], bool]
    heading: str = ""
    war: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    advice: Mapping[str, str] = field(default_factory=dict)


def container_settings(tools: BuildTools, job: BuildJob, recipe: Recipe, entrypoint: Sequence[str]) -> dict[str, Any]:
    """The arguments of docker-py's ``create_container``.

    Raises BuildError when a file that the settings name cannot be read.
    """
    build = job.app.build
    env = {**recipe.env, **plain(build.env), **_secrets(job)}
    if build.ca_bundle is not None:
        env = truststore.environment(env)
    return {
        "entrypoint": list(entrypoint),
        "command": list(recipe.command),
        "environment": env,
        "user": "0:0",
        "host_config": tools.engine.api.create_host_config(
            mounts=_mounts(tools, job, recipe),
            mem_limit=build.memory,
            # Equal to the memory: no swap (--memory-swap in https://docs.docker.com/engine/containers/resource_constraints/)
            memswap_limit=build.memory,
            cpu_period=CPU_PERIOD,
            cpu_quota=round(build.cpus * CPU_PERIOD),
            pids_limit=PROCESSES,
            cap_drop=["ALL"],
            cap_add=_CAPABILITIES,
            # A setuid program of the image gains no rights: PR_SET_NO_NEW_PRIVS in prctl(2).
            security_opt=["no-new-privileges"],
            # The output is read by attaching; Docker keeps no second copy on its disk.
            log_config=LogConfig(type="none"),
            network_mode="none" if build.offline else network_name(job.subnet),
        ),
    }


def _secrets(job: BuildJob) -> dict[str, str]:
    try:
        return job.app.build.secrets()
    except (OSError, UnicodeDecodeError) as error:
        raise BuildError(
            f"a file of build.env_files cannot be read: {error}", "Use text files that hookserver's user may read."
        ) from error


def _mounts(tools: BuildTools, job: BuildJob, recipe: Recipe) -> list[Mount]:
    build = job.app.build
    labels = {STATE_DIR: str(tools.state.root), APP: job.app.name}
    mounts = [Mount(path, name, type="volume", labels=labels) for path, name in recipe.caches.items()]
    if build.ca_bundle is not None:
        files = truststore.mounts(build.ca_bundle, tools.state.cache)
        mounts += [Mount(path, str(file), type="bind", read_only=True) for file, path in files.items()]
    for volume in build.volumes:
        host, path, *_ = volume.split(":")
        named = not host.startswith("/")
        mounts.append(Mount(path, host, type="volume" if named else "bind", read_only=True))
    return mounts
