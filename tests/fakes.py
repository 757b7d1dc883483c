"""A runtime, images and traffic that are only remembered: they keep the promises of ``pipeline.contracts``."""

# ruff: noqa: ARG002  (a fake has the arguments of its contract)

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network

from hookserver.addresses import Endpoints
from hookserver.builders.job import BuildJob
from hookserver.config import AppSettings, Settings
from hookserver.deploy_log import DeployLog
from hookserver.errors import BuildError, ContainerError, NginxError
from hookserver.models import Endpoint, Release, Replica, ReplicaState, Slot, TrafficState


def do_nothing() -> None:
    """The behaviour of a call unless a test sets another."""


@dataclass
class FakeRuntime:
    """``running`` has every replica. ``before_replicas`` is called at each question for them, and may change them.

    ``before_stop`` is called at each stop.
    """

    running: list[Replica] = field(default_factory=list)
    before_replicas: Callable[[], None] = do_nothing
    before_stop: Callable[[], None] = do_nothing
    logs: dict[str, str] = field(default_factory=dict)
    given_up: set[str] = field(default_factory=set)
    messages: list[str] = field(default_factory=list)
    kept_running: set[tuple[str, Slot]] = field(default_factory=set)
    stopped: list[tuple[str, Slot]] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    prepared: list[int] = field(default_factory=list)
    in_progress: list[set[int]] = field(default_factory=list)
    networks: set[IPv4Network] = field(default_factory=set)
    questions: list[str] = field(default_factory=list)
    shared: list[tuple[str, Slot]] = field(default_factory=list)
    refuses_to_start: str = ""
    refuses_to_share: str = ""

    def replicas(self, app: str, slot: Slot | None = None) -> list[Replica]:
        self.questions.append(app)
        self.before_replicas()
        found = [replica for replica in self.running if replica.app == app and slot in (None, replica.slot)]
        return sorted(found, key=lambda replica: replica.name)

    def start(self, app: AppSettings, release: Release, endpoints: Sequence[Endpoint]) -> None:
        if endpoints and endpoints[-1].name == self.refuses_to_start:
            if release.live_at is None:
                self.remove_deploy(release.app, release.deploy)
            raise ContainerError(f"{self.refuses_to_start} cannot be started")
        up = {
            replica.name
            for replica in self.running
            if replica.deploy == release.deploy and replica.state is ReplicaState.RUNNING
        }
        here = (release.app, release.slot)
        self.running = [one for one in self.running if (one.app, one.slot) != here or one.name in up]
        self.running += [
            Replica(f"{release.deploy}-{endpoint.name}", endpoint.name, release.app, release.slot, release.deploy)
            for endpoint in endpoints
            if endpoint.name not in up
        ]

    def prepare(self, app: AppSettings, release: Release, subnet: IPv4Network, report: Callable[[str], None]) -> None:
        self.prepared.append(release.deploy)

    def keep_running(self, app: str, slot: Slot) -> None:
        self.kept_running.add((app, slot))

    def stop(self, app: str, slot: Slot, grace: float) -> None:
        self.before_stop()
        self.stopped.append((app, slot))
        self.running = [replica for replica in self.running if (replica.app, replica.slot) != (app, slot)]

    def remove_deploy(self, app: str, deploy: int) -> None:
        self.removed.append(deploy)
        self.running = [replica for replica in self.running if (replica.app, replica.deploy) != (app, deploy)]

    def tidy(self, in_progress: Collection[int], subnets: Collection[IPv4Network]) -> None:
        self.in_progress.append(set(in_progress))
        self.networks |= set(subnets)

    def remove_network(self, subnet: IPv4Network) -> None:
        self.networks.discard(subnet)

    def failure_report(self, replica: Replica) -> str:
        return self.logs.get(replica.name, "it printed nothing")

    def gave_up(self, replica: Replica, context_path: str) -> bool:
        return replica.name in self.given_up

    def session_messages(self, app: str, slot: Slot, since: float) -> list[str]:
        return list(self.messages)

    def share_sessions(self, app: str, newest: Slot) -> list[str]:
        self.shared.append((app, newest))
        return [self.refuses_to_share] if self.refuses_to_share else []

    def end(self, name: str, ending: str = "ended with exit code 6") -> None:
        """A replica's process ends."""
        self.running = [
            replace(replica, state=ReplicaState.STOPPED, ending=ending) if replica.name == name else replica
            for replica in self.running
        ]


@dataclass
class FakeImages:
    """``made`` has the images, by commit."""

    made: dict[str, str] = field(default_factory=dict)
    pruned: list[set[str]] = field(default_factory=list)
    leftovers_of: list[int | None] = field(default_factory=list)
    caches_removed: list[str] = field(default_factory=list)
    refuses_to_build: str = ""

    def existing(self, job: BuildJob) -> str | None:
        return None if job.rebuild else self.made.get(job.commit)

    def build(self, job: BuildJob, log: DeployLog) -> str:
        if self.refuses_to_build:
            raise BuildError(self.refuses_to_build)
        self.made[job.commit] = f"sha256:{job.deploy}"
        log.line(f"image {job.app.image}:{job.commit[:12]}")
        return self.made[job.commit]

    def kept(self, image: str) -> str:
        if image not in self.made.values():
            raise BuildError("the image of that release was removed", "Deploy its commit again instead.")
        return image

    def remove_leftovers(self, deploy: int | None = None) -> list[str]:
        self.leftovers_of.append(deploy)
        return []

    def prune(self, app: AppSettings, keep: Collection[str]) -> list[str]:
        self.pruned.append(set(keep))
        old = [image for image in self.made.values() if image not in keep]
        self.made = {commit: image for commit, image in self.made.items() if image in keep}
        return old

    def remove_caches(self, app: str) -> list[str]:
        self.caches_removed.append(app)
        return []


@dataclass
class FakeTraffic:
    """``states`` has where each app's requests go; ``in_flight`` the open connections at each of the next questions."""

    states: dict[str, TrafficState] = field(default_factory=dict)
    in_flight: list[int] = field(default_factory=list)
    active: int | None = 0
    last: float | None = None
    applied: list[tuple[Settings, Endpoints]] = field(default_factory=list)
    refuses: str = ""

    def apply(self, settings: Settings, endpoints: Endpoints) -> bool:
        if self.refuses:
            raise NginxError(self.refuses)
        changed = self.applied[-1:] != [(settings, endpoints)]
        self.applied.append((settings, endpoints))
        return changed

    def get(self, app: str) -> TrafficState:
        return self.states.get(app, TrafficState())

    def set(self, app: str, state: TrafficState) -> None:
        if self.refuses:
            raise NginxError(self.refuses)
        self.states[app] = state

    def remove(self, app: str) -> None:
        self.states.pop(app, None)

    def unreached(self, app: str) -> list[str]:
        return []

    def visitors(self, app: str, slot: Slot, seconds: float) -> int | None:
        return self.active

    def last_request(self, app: str, slot: Slot, since: float) -> float | None:
        return self.last

    def requests_in_flight(self, endpoints: Sequence[Endpoint]) -> int:
        return self.in_flight.pop(0) if self.in_flight else 0

    def rotate_logs(self) -> None:
        """There are none."""

    def refused_requests(self) -> str | None:
        """None: nobody sends any."""
        return None
