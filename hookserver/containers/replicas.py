"""The replicas of releases on Docker: start, inspect, stop."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Collection, Sequence
from ipaddress import IPv4Network
from pathlib import Path

from docker.errors import NotFound

from hookserver.addresses import subnet_of
from hookserver.config import AppSettings, DockerSettings
from hookserver.containers import arguments, logs, sessions
from hookserver.containers.arguments import container_arguments
from hookserver.containers.conflicts import leftovers
from hookserver.containers.env_file import read_env_file
from hookserver.containers.own_containers import OwnContainers, image_environment
from hookserver.containers.prepare import run_prepare
from hookserver.containers.replica import parse_replica
from hookserver.engine import metadata_address, network
from hookserver.engine.client import Engine, in_parallel
from hookserver.errors import HookserverError
from hookserver.models import Endpoint, Release, Replica, ReplicaState, Slot
from hookserver.state import request_journal
from hookserver.state.state_dir import StateDir


class Containers:
    """Replicas on one Docker Engine that belong to the installation in ``state_dir``; others are never touched.

    Every method raises ContainerError when Docker refuses, or does not answer in time.
    """

    def __init__(self, docker: DockerSettings, state_dir: Path) -> None:
        self._docker = docker
        self._state_dir = state_dir.absolute()
        self._engine = Engine(docker.host)
        self._own = OwnContainers(self._engine, self._state_dir)

    def replicas(self, app: str | None = None, slot: Slot | None = None) -> list[Replica]:
        """The replicas of the app and the slot where they are given, running or not; by name."""
        found = in_parallel(self._inspect, self._own.ids(app=app, slot=slot))
        return sorted((replica for replica in found if replica), key=lambda replica: replica.name)

    def start(self, app: AppSettings, release: Release, endpoints: Sequence[Endpoint]) -> None:
        """Run the release's replicas at their endpoints; the ones that run already are left alone.

        Other replicas in its slot are removed first. If one cannot be started, a release that was never live has none.
        """
        running = [
            replica.name
            for replica in self.replicas(release.app, release.slot)
            if replica.deploy == release.deploy and replica.state is ReplicaState.RUNNING
        ]
        try:
            self._start_missing(app, release, endpoints, running)
        except BaseException:
            if release.live_at is None:
                with contextlib.suppress(HookserverError):
                    self.remove_deploy(release.app, release.deploy)
            raise

    def prepare(self, app: AppSettings, release: Release, subnet: IPv4Network, report: Callable[[str], None]) -> None:
        """Run the app's ``prepare`` command once, in a container of the release's image; ``report`` gets each line.

        Raises ContainerError, with its last lines, when it does not end well within ``prepare_timeout``.
        """
        network.require_networks(self._engine, app.tomcat.networks)
        env_file = read_env_file(app.tomcat.env_file)
        image_env = image_environment(self._engine, release.image)
        net = self._network(subnet)
        config = arguments.prepare_arguments(self._state_dir, net, app, release, image_env, env_file)
        name = arguments.prepare_name(app.name, release.deploy)
        try:
            id_ = self._own.create(name, config, app.tomcat.networks)
            run_prepare(self._engine.host, id_, app.release.prepare_timeout, report)
        finally:
            self._own.remove(self._own.ids(deploy=release.deploy, role="prepare"))

    def keep_running(self, app: str, slot: Slot) -> None:
        """From now on Docker restarts the slot's replicas by itself: after a crash, and after its own restart."""
        # "unless-stopped" leaves a container down that was stopped before dockerd restarts:
        # https://docs.docker.com/engine/containers/start-containers-automatically/
        with self._engine.doing(f"set the restart policy of {app}'s {slot} replicas"):
            in_parallel(
                lambda id_: self._engine.api.update_container(id_, restart_policy={"Name": "always"}),
                self._own.ids(app=app, slot=slot),
            )

    def stop(self, app: str, slot: Slot, grace: float) -> None:
        """Stop and remove the slot's replicas, all at once: SIGTERM, after ``grace`` seconds SIGKILL."""

        def stop_one(id_: str) -> None:
            with self._engine.doing(f"stop a {slot} replica of {app}"), contextlib.suppress(NotFound):
                self._engine.api.stop(id_, timeout=math.ceil(grace))  # Docker takes whole seconds
            self._own.remove([id_])

        in_parallel(stop_one, self._own.ids(app=app, slot=slot))

    def remove_deploy(self, app: str, deploy: int) -> None:
        """Remove, at once and without grace, all containers of a deploy."""
        self._own.remove([*self._own.ids(app, deploy=deploy), *self._own.ids(app, deploy=deploy, role="prepare")])

    def tidy(self, in_progress: Collection[int], subnets: Collection[IPv4Network]) -> None:
        """Create the networks that are missing; remove ``prepare`` containers of other deploys than these."""
        self._own.remove(id_ for id_, deploy in self._own.prepare_containers() if deploy not in in_progress)
        self._set_metadata_reachable()
        network.ensure_networks(self._engine, subnets, self._state_dir)

    def remove_network(self, subnet: IPv4Network) -> None:
        """Remove the network of an app that is retired, unless containers of others use it."""
        network.remove_network(self._engine, subnet, self._state_dir)

    def failure_report(self, replica: Replica) -> str:
        """The cause of the replica's failure and its last lines, from its log."""
        return logs.failure_report(self._engine, replica.name)

    def gave_up(self, replica: Replica, context_path: str) -> bool:
        """Whether the replica's Tomcat reports that the context at this path ("" for the root) failed for good."""
        return logs.gave_up(self._engine, replica.name, context_path)

    def session_messages(self, app: str, slot: Slot, since: float) -> list[str]:
        """The messages of the slot's replicas about stored sessions since then (Unix seconds)."""
        return logs.messages(self._engine, self.replicas(app, slot), since)

    def share_sessions(self, app: str, newest: Slot) -> list[str]:
        """Let the users as whom the app's replicas run, and nobody else, use its stored sessions.

        The folder belongs to the user of the slot ``newest``. A line for a person if some of them have no access.
        """
        return sessions.share(self._engine, StateDir(self._state_dir).sessions(app), self.replicas(app), newest)

    def last_lines(self, name: str, lines: int = 30) -> str:
        """The last lines of a container's log."""
        return logs.last_lines(self._engine, name, lines)

    def _start_missing(
        self, app: AppSettings, release: Release, endpoints: Sequence[Endpoint], running: Collection[str]
    ) -> None:
        missing = [endpoint for endpoint in endpoints if endpoint.name not in running]
        net = self._network(subnet_of(endpoints[0]))
        image_env = image_environment(self._engine, release.image)
        env_file = read_env_file(app.tomcat.env_file)
        network.require_networks(self._engine, app.tomcat.networks)
        stored = StateDir(self._state_dir).sessions(app.name) if app.release.sessions == "shared" else None
        if stored:
            sessions.make_folder(self._engine, stored, release.image)
        with self._engine.doing("list the containers"):
            everything = self._engine.api.containers(all=True)
        self._own.remove(leftovers(everything, str(self._state_dir), app.name, release.slot, missing, net, running))

        def start_one(endpoint: Endpoint) -> None:
            journal = request_journal.for_new_container(StateDir(self._state_dir), app.name, endpoint.host)
            config = container_arguments(self._state_dir, net, app, release, endpoint, image_env, env_file, journal)
            id_ = self._own.create(endpoint.name, config, app.tomcat.networks)
            with self._engine.doing(f"start the container {endpoint.name}"):
                self._engine.api.start(id_)

        in_parallel(start_one, missing)
        if stored:
            sessions.admit(self._engine, stored, self.replicas(app.name, release.slot))

    def _network(self, subnet: IPv4Network) -> str:
        """The name of the network with this subnet, which exists now."""
        self._set_metadata_reachable()
        return network.ensure_network(self._engine, subnet, self._state_dir)

    def _set_metadata_reachable(self) -> None:
        metadata_address.set_reachable(self._engine, self._docker.subnet, self._docker.allow_metadata)

    def _inspect(self, id_: str) -> Replica | None:
        with self._engine.doing(f"inspect the container {id_[:12]}"):
            try:
                return parse_replica(self._engine.api.inspect_container(id_))
            except NotFound:
                return None
