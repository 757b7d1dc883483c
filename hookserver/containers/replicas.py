"""The replicas of a slot: start, look after, stop."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from docker.errors import APIError, NotFound

from hookserver.addresses import cluster_addresses, cluster_subnet, endpoints
from hookserver.config import AppSettings, DockerSettings
from hookserver.containers import arguments, logs, network
from hookserver.containers.arguments import Cluster, container_arguments, parse_environment
from hookserver.containers.conflicts import leftovers
from hookserver.containers.env_file import read_env_file
from hookserver.containers.prepare import run_prepare
from hookserver.containers.replica import Replica, parse_replica
from hookserver.engine import labels
from hookserver.engine.client import Engine, in_parallel
from hookserver.errors import ContainerError, HookserverError, Unhealthy
from hookserver.models import Endpoint, Release, Slot
from hookserver.state import request_journal
from hookserver.state.state_dir import StateDir
from hookserver.state.wait_until import wait_until

_REMOVAL = 15.0


class Containers:
    """Replicas on one Docker Engine that belong to the installation in ``state_dir``; others are never touched.

    Every call raises ContainerError when Docker refuses it or does not answer in time.
    """

    def __init__(self, docker: DockerSettings, state_dir: Path) -> None:
        self._docker = docker
        self._state_dir = state_dir.absolute()
        self._engine = Engine(docker.host)

    def ensure_network(self) -> None:
        """Make the fixed-address network unless it is there."""
        network.ensure_network(self._engine, self._docker.subnet, self._state_dir)

    def start(self, app: AppSettings, number: int, slot: Slot, release: Release) -> list[Endpoint]:
        """Run all replicas of the slot from the release's image, at their fixed addresses; returns these.

        What is left of ours in that slot is removed first. When one cannot be started, none is left.
        """
        try:
            return self._bring_up(app, number, slot, release, spared=())
        except BaseException:
            with contextlib.suppress(HookserverError):
                self.remove_deploy(release.app, release.deploy)
            raise

    def prepare(self, app: AppSettings, release: Release, report: Callable[[str], None]) -> None:
        """Run the app's ``prepare`` command once, in a container of the release's image; its lines go to ``tell``.

        Raises ContainerError, with its last lines, when it does not end well within ``prepare_timeout``.
        """
        network.require_networks(self._engine, app.tomcat.networks)
        env_file = read_env_file(app.tomcat.env_file)
        config = arguments.prepare_arguments(self._state_dir, app, release, self._image_env(release.image), env_file)
        name = arguments.prepare_name(app.name, release.deploy)
        try:
            id_ = self._make(name, config, app.tomcat.networks)
            run_prepare(self._engine.host, id_, app.release.prepare_timeout, report)
        finally:
            self._remove(self._ids(deploy=release.deploy, role="prepare"))

    def restart_missing(self, app: AppSettings, number: int, slot: Slot, release: Release) -> list[Endpoint]:
        """As `start`, for a release that serves: its replicas that run are left alone, the missing ones are added."""
        running = [
            replica.name
            for replica in self.replicas(app.name, slot)
            if replica.deploy == release.deploy and replica.state == "running"
        ]
        return self._bring_up(app, number, slot, release, spared=running)

    def keep_running(self, app: str, slot: Slot) -> None:
        """From now on Docker starts the slot's replicas again: after a crash, and after its own restart."""
        with self._engine.doing(f"set the restart policy of {app}'s {slot} replicas"):
            in_parallel(
                lambda id_: self._engine.api.update_container(id_, restart_policy={"Name": "always"}),
                self._ids(app=app, slot=slot),
            )

    def stop(self, app: str, slot: Slot, grace: float) -> None:
        """End and remove the slot's replicas: SIGTERM, after ``grace`` seconds SIGKILL; all at once."""

        def stop_one(id_: str) -> None:
            with self._engine.doing(f"stop a {slot} replica of {app}"), contextlib.suppress(NotFound):
                self._engine.api.stop(id_, timeout=math.ceil(grace))
            self._remove([id_])

        in_parallel(stop_one, self._ids(app=app, slot=slot))

    def replicas(self, app: str | None = None, slot: Slot | None = None) -> list[Replica]:
        """Ours, running or not, of this app and slot where they are given; by name."""
        found = in_parallel(self._inspect, self._ids(app=app, slot=slot))
        return sorted((replica for replica in found if replica), key=lambda replica: replica.name)

    def remove_deploy(self, app: str, deploy: int) -> None:
        """Remove, at once and without grace, the containers of a deploy that never went live."""
        self._remove([*self._ids(app, deploy=deploy), *self._ids(app, deploy=deploy, role="prepare")])

    def remove_cluster(self, app: str) -> None:
        """Remove the network on which the app's replicas shared sessions, once there are none."""
        network.remove_cluster(self._engine, self._state_dir, app)

    def remove_leftovers(self) -> None:
        """Remove what runs once; for when no deploy is under way."""
        self._remove(self._ids(role="prepare"))

    def restarts(self, app: str, slot: Slot) -> dict[str, int]:
        """How often Docker has started each replica of the slot again, by its id."""
        return {replica.id: replica.restarts for replica in self.replicas(app, slot)}

    def check_alive(self, app: str, slot: Slot, deploy: int, restarts: Mapping[str, int] | None = None) -> None:
        """Raise Unhealthy, with the last lines, when a replica of the deploy has died, restarted or is gone.

        ``restarts`` are those of a standby in its time, which are forgiven.
        """
        forgiven = restarts or {}
        ours = [replica for replica in self.replicas(app, slot) if replica.deploy == deploy]
        for replica in ours:
            again = replica.restarts > forgiven.get(replica.id, 0)
            if replica.state != "running" or again or (replica.oom_killed and not replica.restarts):
                raise logs.died(self._engine, replica)
        if not ours or len(ours) < ours[0].siblings:
            raise Unhealthy(
                f"{app}: {len(ours)} of the {slot} replicas of deploy {deploy} are left: somebody removed the others",
                "Find out who did; then deploy again.",
            )

    def gave_up(self, app: AppSettings, slot: Slot, deploy: int) -> str:
        """That Tomcat has given up the app's context for good, as a replica's log tells; empty while none does."""
        context = app.tomcat.context_path
        for replica in self.replicas(app.name, slot):
            if replica.deploy == deploy and logs.gave_up(self._engine, replica.name, context):
                return f"in {replica.name}, Tomcat gave up the context {context or '/'}"
        return ""

    def failure(self, app: str, slot: Slot, deploy: int, error: Unhealthy) -> Unhealthy:
        """The same error with what a replica's log tells about the cause; one of `check_alive` has that already."""
        if isinstance(error, logs.Died):
            return error
        try:
            ours = [replica for replica in self.replicas(app, slot) if replica.deploy == deploy]
            told = f"{ours[0].name}: {logs.failure_report(self._engine, ours[0].name)}" if ours else ""
        except ContainerError as trouble:
            told = f"its log cannot be read: {trouble.problem}"
        return Unhealthy(f"{error.problem}\n{told}".rstrip(), error.remedy)

    def told(self, app: str, slot: Slot, since: float) -> list[str]:
        """What the slot's replicas have told a person since then (Unix seconds), such as sessions that were dropped."""
        return logs.messages(self._engine, self.replicas(app, slot), since)

    def check_sessions(self, app: str, slot: Slot, since: float) -> None:
        """Raise Unhealthy when a replica has told since then that it could not fetch the sessions of the others."""
        logs.require_sessions(app, self.told(app, slot, since))

    def last_lines(self, name: str, lines: int = 30) -> str:
        """The last that a container printed."""
        return logs.last_lines(self._engine, name, lines)

    def _image_env(self, image: str) -> dict[str, str]:
        with self._engine.doing(f"find the image {image}"):
            config = self._engine.api.inspect_image(image).get("Config") or {}
        return parse_environment(config.get("Env"))

    def _bring_up(
        self, app: AppSettings, number: int, slot: Slot, release: Release, spared: Collection[str]
    ) -> list[Endpoint]:
        places = endpoints(self._docker, app.name, number, slot, release.replicas)
        missing = [place for place in places if place.name not in spared]
        net = network.ensure_network(self._engine, self._docker.subnet, self._state_dir)
        image_env = self._image_env(release.image)
        env_file = read_env_file(app.tomcat.env_file)
        network.require_networks(self._engine, app.tomcat.networks)
        clusters = self._clusters(app, number, slot)
        with self._engine.doing("list the containers"):
            everything = self._engine.api.containers(all=True)
        self._remove(leftovers(everything, str(self._state_dir), app.name, slot, missing, net, spared))

        def start_one(place: Endpoint) -> None:
            cluster = clusters[places.index(place)] if clusters else None
            request_journal.make_empty(request_journal.folder(StateDir(self._state_dir), app.name, place.host))
            config = container_arguments(self._state_dir, net, app, release, place, image_env, env_file, cluster)
            id_ = self._make(place.name, config, app.tomcat.networks, cluster)
            with self._engine.doing(f"start the container {place.name}"):
                self._engine.api.start(id_)

        in_parallel(start_one, missing)
        return places

    def _clusters(self, app: AppSettings, number: int, slot: Slot) -> list[Cluster]:
        """Where each replica that the slot may have shares its sessions; empty when they share none."""
        if app.release.sessions != "replicated":
            return []
        subnet = cluster_subnet(self._docker, number)
        if not subnet.subnet_of(self._docker.cluster_subnet):
            raise ContainerError(
                f"docker.cluster_subnet {self._docker.cluster_subnet} has no room for {app.name}, app number {number}",
                'Set a larger one that is free, or release.sessions = "sticky" for the app.',
            )
        net = network.ensure_cluster(self._engine, subnet, self._state_dir, app.name)
        everybody = [address for either in Slot for address in cluster_addresses(self._docker, number, either)]
        return [
            Cluster(net, own, tuple(address for address in everybody if address != own))
            for own in cluster_addresses(self._docker, number, slot)
        ]

    def _make(self, name: str, config: dict[str, Any], networks: Iterable[str], cluster: Cluster | None = None) -> str:
        """A container in all its networks, not started; its id."""
        api = self._engine.api
        with self._engine.doing(f"make the container {name}"):
            id_: str = api.create_container_from_config(config, name)["Id"]
        if cluster:
            with self._engine.doing(f"connect {name} to the network {cluster.network}"):
                api.connect_container_to_network(id_, cluster.network, ipv4_address=cluster.address)
        for further in networks:
            with self._engine.doing(f"connect {name} to the network {further}"):
                api.connect_container_to_network(id_, further)
        return id_

    def _remove(self, ids: Iterable[str]) -> None:
        in_parallel(self._remove_one, ids)

    def _remove_one(self, id_: str) -> None:
        def remove() -> APIError | None:
            try:
                self._engine.api.remove_container(id_, v=True, force=True)
            except APIError as error:
                if error.status_code != 409:  # 409: Docker removes it already
                    raise
                return error
            return None

        with self._engine.doing(f"remove the container {id_[:12]}"), contextlib.suppress(NotFound):
            if error := wait_until(remove, _REMOVAL, pause=0.1, is_enough=lambda error: error is None):
                raise error

    def _ids(
        self, app: str | None = None, slot: Slot | None = None, deploy: int | None = None, role: str = "replica"
    ) -> list[str]:
        wanted = {labels.STATE_DIR: self._state_dir, labels.ROLE: role}
        wanted |= {labels.APP: app, labels.SLOT: slot, labels.DEPLOY: deploy}
        filters = [f"{label}={value}" for label, value in wanted.items() if value is not None]
        with self._engine.doing("list the containers"):
            found = self._engine.api.containers(all=True, filters={"label": filters})
        return [container["Id"] for container in found]

    def _inspect(self, id_: str) -> Replica | None:
        with self._engine.doing(f"look at the container {id_[:12]}"):
            try:
                return parse_replica(self._engine.api.inspect_container(id_))
            except NotFound:
                return None
