"""A replica's container as data: the body of ``POST /containers/create`` (ContainerCreate in the Engine API)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hookserver.config import AppSettings
from hookserver.config.secrets import plain
from hookserver.engine.client import CPU_PERIOD
from hookserver.engine.labels import label_set
from hookserver.engine.network import GATEWAY_PRIORITY
from hookserver.models import Endpoint, Release
from hookserver.state import request_journal, session_folder
from hookserver.state.state_dir import StateDir

HEAP_PERCENT = 60.0
"""The heap's share of the memory limit: metaspace, code cache, stacks and buffers need the rest.

Java's default is 25: MaxRAMPercentage in https://docs.oracle.com/en/java/javase/17/docs/specs/man/java.html
"""
_HEAP_IS_SET = re.compile(r"-Xmx|-XX:(?:MaxRAM|MaxHeapSize|InitialRAMPercentage)")
_JVM_VARIABLES = ("CATALINA_OPTS", "JAVA_OPTS", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS")
_STOP_TIMEOUT = 15
"""Seconds until Docker kills a replica at ``docker stop`` or a shutdown; a retired one gets ``STOP_GRACE`` instead.

At a shutdown dockerd waits for the longest of its containers' times and 5 s more, so a long one delays a reboot:
ShutdownTimeout() in https://github.com/moby/moby/blob/master/daemon/daemon.go
"""
# Without a limit, Docker's logs grow until the disk is full: https://docs.docker.com/engine/logging/drivers/json-file/
_LOG = {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}
_FOLLOWED_LOG = {"Type": "json-file", "Config": {"max-size": "100m", "max-file": "1"}}
"""Rotated only beyond ``OUTPUT_LIMIT`` of ``engine/output.py``: a rotation may end the log that is followed.

Source: https://github.com/moby/moby/issues/37646
"""


def container_arguments(
    state_dir: Path,
    network: str,
    app: AppSettings,
    release: Release,
    endpoint: Endpoint,
    image_env: Mapping[str, str],
    env_file: Mapping[str, str],
    journal: Path | None,
) -> dict[str, Any]:
    """The container of one replica, without its name, which is the endpoint's.

    ``image_env`` is the environment of the image, ``env_file`` that of the app's file. Docker does not restart a
    candidate: a crash must fail the check at once. Without raw sockets, no container can forge packets for other
    networks (CAP_NET_RAW of capabilities(7)). A replica with an address has the folder of its request journal, unless
    ``journal`` is None, and, when sessions are shared, that of the app's sessions.
    """
    binds, options = _folders(StateDir(state_dir), app, journal) if endpoint.host else ([], [])
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
            # Equal to the memory: no swap (https://docs.docker.com/engine/containers/resource_constraints/).
            "MemorySwap": app.tomcat.memory,
            # 0: no limit. The kernel shares the cores among containers that want them all, each with the same weight.
            "CpuPeriod": CPU_PERIOD if app.tomcat.cpus else 0,
            "CpuQuota": round(app.tomcat.cpus * CPU_PERIOD),
            # Processes and threads: a leak of threads must not take those of the host.
            "PidsLimit": app.tomcat.pids,
            "RestartPolicy": {"Name": "no"},
            "LogConfig": _LOG,
            "Binds": [*binds, *app.tomcat.volumes],
            "ExtraHosts": [f"{name}:{address}" for name, address in app.tomcat.hosts.items()],
            "SecurityOpt": ["no-new-privileges"],
            "CapDrop": ["NET_RAW"],
        },
        "NetworkingConfig": {"EndpointsConfig": {network: _place(endpoint)}},
    }


def prepare_arguments(
    state_dir: Path,
    network: str,
    app: AppSettings,
    release: Release,
    image_env: Mapping[str, str],
    env_file: Mapping[str, str],
) -> dict[str, Any]:
    """The container for one run of the app's ``prepare`` command: as a replica's, but Docker assigns its address."""
    place = Endpoint(name=prepare_name(app.name, release.deploy), route="prepare", host="")
    replica = container_arguments(state_dir, network, app, release, place, image_env, env_file, None)
    return {
        **replica,
        "Entrypoint": [],
        "Cmd": list(app.release.prepare),
        "Labels": label_set(state_dir, "prepare", app.name, deploy=release.deploy, name=place.name),
        "HostConfig": {**replica["HostConfig"], "LogConfig": _FOLLOWED_LOG},
    }


def prepare_name(app: str, deploy: int) -> str:
    """The name of the container while the command runs."""
    return f"hs-{app}-prepare-{deploy}"


def catalina_opts(inherited: str, route: str, java_opts: str, others: str = "") -> str:
    """``CATALINA_OPTS``: the ``inherited`` options of image and app, ours, then ``java_opts``, of which the last wins.

    ``others`` are options in further variables that the JVM reads: a heap size in any of them stays.
    """
    heap = "" if _HEAP_IS_SET.search(f"{inherited} {java_opts} {others}") else f"-XX:MaxRAMPercentage={HEAP_PERCENT}"
    return " ".join(part for part in (inherited, f"-Dhookserver.route={route}", heap, java_opts) if part)


def _folders(state: StateDir, app: AppSettings, journal: Path | None) -> tuple[list[str], list[str]]:
    """The mounts of the replica's folders on the host, and the options by which its Tomcat finds them."""
    binds = request_journal.binds(journal) if journal else []
    options = [request_journal.JVM_OPTION] if binds else []
    if app.release.sessions == "shared" and (shared := session_folder.binds(state.sessions(app.name))):
        binds += shared
        options += session_folder.jvm_options(app.release.sessions_max)
    return binds, options


def parse_environment(entries: list[str] | None) -> dict[str, str]:
    """The variables in Docker's ``["NAME=value", …]``."""
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
    jvm_options = {name: given.get(name, image_env.get(name, "")) for name in _JVM_VARIABLES}
    inherited = jvm_options.pop("CATALINA_OPTS")
    return {
        **given,
        "CATALINA_OPTS": catalina_opts(
            " ".join(part for part in (inherited, *options) if part),
            endpoint.route,
            app.tomcat.java_opts,
            " ".join(jvm_options.values()),
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
        name=endpoint.name,
    )


def _place(endpoint: Endpoint) -> dict[str, Any]:
    """Where the container is on its app's network, which is its way out, also when it is on further ones."""
    address = {"IPAMConfig": {"IPv4Address": endpoint.host}} if endpoint.host else {}
    return {**address, "GwPriority": GATEWAY_PRIORITY}


def _number(release: Release, endpoint: Endpoint) -> str:
    return endpoint.route.removeprefix(release.slot)
