"""What a replica's container is made of, as data: the body of Docker's ``POST /containers/create``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hookserver.config import AppSettings
from hookserver.config.secrets import plain
from hookserver.engine.labels import label_set
from hookserver.models import Endpoint, Release
from hookserver.state import request_journal
from hookserver.state.state_dir import StateDir

HEAP_PERCENT = 60.0
"""Of the memory limit, for the heap: metaspace, code cache, stacks and buffers need the rest."""
_HEAP_IS_SET = re.compile(r"-Xmx|-XX:(?:MaxRAM|MaxHeapSize|InitialRAMPercentage)")
_JVM_VARIABLES = ("CATALINA_OPTS", "JAVA_OPTS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS")
_PIDS = 4096
_STOP_TIMEOUT = 15
_LOG = {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}
_LOG_THAT_IS_FOLLOWED = {"Type": "json-file", "Config": {"max-size": "100m", "max-file": "1"}}
"""Rotated only when it is more than anybody is told of: see ``lines``."""


@dataclass(frozen=True)
class Cluster:
    """Where a replica shares its sessions: its address on the app's own ``network``, and those of its peers."""

    network: str
    address: str
    peers: tuple[str, ...]

    @property
    def options(self) -> str:
        return f"-Dhookserver.cluster={self.address} -Dhookserver.peers={','.join(self.peers)}"


def container_arguments(
    state_dir: Path,
    network: str,
    app: AppSettings,
    release: Release,
    endpoint: Endpoint,
    image_env: Mapping[str, str],
    env_file: Mapping[str, str],
    cluster: Cluster | None = None,
) -> dict[str, Any]:
    """Everything about one replica but its name, which is the endpoint's.

    ``image_env`` is the environment that the image brings, ``env_file`` what the app's file says; with a ``cluster``
    it is to be connected to that too. A candidate is not restarted by Docker: a crash must fail the check at once.
    Without raw sockets, no container can reach past the networks that it is in. Who has an address has a folder for
    his request_journal.
    """
    place = request_journal.folder(StateDir(state_dir), app.name, endpoint.host)
    binds = request_journal.binds(place) if endpoint.host else []
    options = (request_journal.OPTION if binds else "", cluster.options if cluster else "")
    environment = _environment(app, release, endpoint, image_env, env_file, options)
    return {
        "Image": release.image,
        "Hostname": endpoint.name,
        "Env": [f"{name}={value}" for name, value in environment.items()],
        "Labels": _labels(state_dir, app, release, endpoint),
        "StopTimeout": _STOP_TIMEOUT,
        "HostConfig": {
            "NetworkMode": network,
            "Memory": app.tomcat.memory,
            "MemorySwap": app.tomcat.memory,
            "PidsLimit": _PIDS,
            "RestartPolicy": {"Name": "no"},
            "LogConfig": _LOG,
            "Binds": [*binds, *app.tomcat.volumes],
            "ExtraHosts": [f"{name}:{address}" for name, address in app.tomcat.hosts.items()],
            "SecurityOpt": ["no-new-privileges"],
            "CapDrop": ["NET_RAW"],
        },
        "NetworkingConfig": {"EndpointsConfig": {network: {"IPAMConfig": {"IPv4Address": endpoint.host}}}},
    }


def prepare_arguments(
    state_dir: Path,
    app: AppSettings,
    release: Release,
    image_env: Mapping[str, str],
    env_file: Mapping[str, str],
) -> dict[str, Any]:
    """The container in which the app's ``prepare`` command runs once: as a replica, but for its place.

    It is on Docker's default network, never on that of the fixed addresses, where it could take a replica's.
    """
    place = Endpoint(name=prepare_name(app.name, release.deploy), route="prepare", host="")
    replica = container_arguments(state_dir, "bridge", app, release, place, image_env, env_file)
    return {
        **replica,
        "Entrypoint": [],
        "Cmd": list(app.release.prepare),
        "Labels": label_set(state_dir, "prepare", app.name, deploy=release.deploy),
        "NetworkingConfig": {},
        "HostConfig": {**replica["HostConfig"], "LogConfig": _LOG_THAT_IS_FOLLOWED},
    }


def prepare_name(app: str, deploy: int) -> str:
    """What ``docker ps`` shows while the command runs."""
    return f"hs-{app}-prepare-{deploy}"


def catalina_opts(inherited: str, route: str, java_opts: str, others: str = "") -> str:
    """``CATALINA_OPTS``: what the image or the app says, then ours, then ``java_opts``, which so has the last word.

    ``others`` are further options that reach this JVM: a heap size in any of them is respected.
    """
    heap = "" if _HEAP_IS_SET.search(f"{inherited} {java_opts} {others}") else f"-XX:MaxRAMPercentage={HEAP_PERCENT}"
    return " ".join(part for part in (inherited, f"-Dhookserver.route={route}", heap, java_opts) if part)


def parse_environment(entries: list[str] | None) -> dict[str, str]:
    """Docker's own ``["NAME=value", …]``."""
    pairs = (entry.partition("=") for entry in entries or [])
    return {name: value for name, _, value in pairs}


def _environment(
    app: AppSettings,
    release: Release,
    endpoint: Endpoint,
    image_env: Mapping[str, str],
    env_file: Mapping[str, str],
    options: Iterable[str],
) -> dict[str, str]:
    given = {**env_file, **plain(app.tomcat.env)}
    reaching = {name: given.get(name, image_env.get(name, "")) for name in _JVM_VARIABLES}
    inherited = reaching.pop("CATALINA_OPTS")
    return {
        **given,
        "CATALINA_OPTS": catalina_opts(
            " ".join(part for part in (inherited, *options) if part),
            endpoint.route,
            app.tomcat.java_opts,
            " ".join(reaching.values()),
        ),
        "HOOKSERVER_APP": app.name,
        "HOOKSERVER_SLOT": release.slot,
        "HOOKSERVER_REPLICA": _number(release, endpoint),
        "HOOKSERVER_COMMIT": release.commit,
    }


def _labels(state_dir: Path, app: AppSettings, release: Release, endpoint: Endpoint) -> dict[str, str]:
    return label_set(
        state_dir,
        "replica",
        app.name,
        slot=release.slot,
        replica=_number(release, endpoint),
        replicas=release.replicas,
        route=endpoint.route,
        deploy=release.deploy,
        commit=release.commit,
    )


def _number(release: Release, endpoint: Endpoint) -> str:
    return endpoint.route.removeprefix(release.slot)
