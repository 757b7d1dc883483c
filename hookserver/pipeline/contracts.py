"""The contracts between pipeline and adapters: runtime for replicas, images, traffic. ``wiring`` connects them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from ipaddress import IPv4Network
from typing import Protocol

from hookserver.addresses import Endpoints
from hookserver.builders.job import BuildJob
from hookserver.config import AppSettings, Settings
from hookserver.deploy_log import DeployLog
from hookserver.models import Endpoint, Release, Replica, Slot, TrafficState


class Runtime(Protocol):
    """Runs the replicas of releases. Every method raises ContainerError when the runtime refuses or is silent."""

    def replicas(self, app: str, slot: Slot | None = None) -> Sequence[Replica]:
        """The app's replicas in the slot, or in both, running or not; by name."""

    def start(self, app: AppSettings, release: Release, endpoints: Sequence[Endpoint]) -> None:
        """Run the release's replicas at their endpoints; the ones that run already are left alone.

        Other replicas in its slot are removed first. If one cannot be started, a release that was never live has none.
        """

    def prepare(self, app: AppSettings, release: Release, subnet: IPv4Network, report: Callable[[str], None]) -> None:
        """Run the app's ``prepare`` command once, in the release's image; ``report`` gets each line of its output.

        Raises ContainerError, with the last lines, when the command fails or takes longer than ``prepare_timeout``.
        """

    def keep_running(self, app: str, slot: Slot) -> None:
        """From now on the runtime restarts the slot's replicas by itself, after a crash and after its own restart."""

    def stop(self, app: str, slot: Slot, grace: float) -> None:
        """Stop and remove the slot's replicas, all at once; each is killed after ``grace`` seconds."""

    def remove_deploy(self, app: str, deploy: int) -> None:
        """Remove, at once and without grace, all that runs for a deploy."""

    def tidy(self, in_progress: Collection[int], subnets: Collection[IPv4Network]) -> None:
        """Create the missing networks of apps, and remove ``prepare`` commands of other deploys than these."""

    def remove_network(self, subnet: IPv4Network) -> None:
        """Remove the network of an app that is retired; it stays while others use it."""

    def failure_report(self, replica: Replica) -> str:
        """The cause of a replica's failure and its last lines, from its log."""

    def gave_up(self, replica: Replica, context_path: str) -> bool:
        """Whether the replica's server reports that the app at this path ("" for the root) will never start."""

    def session_messages(self, app: str, slot: Slot, since: float) -> Sequence[str]:
        """The messages of the slot's replicas about stored sessions since then (Unix seconds)."""

    def share_sessions(self, app: str, newest: Slot) -> Sequence[str]:
        """Let the users as whom the replicas run, and nobody else, use the stored sessions of an app that shares them.

        Those of the slot ``newest`` count first. A line for a person if some of them have no access.
        """


class Images(Protocol):
    """Makes and keeps images. Every method raises BuildError when the engine refuses or is silent."""

    def existing(self, job: BuildJob) -> str | None:
        """The id of an image of the same commit and settings; None when a new one is needed, or requested."""

    def build(self, job: BuildJob, log: DeployLog) -> str:
        """Make the image from the job's source, with the output in the log; its id."""

    def kept(self, image: str) -> str:
        """The same id, while that image exists. Raises BuildError when it does not."""

    def remove_leftovers(self, deploy: int | None = None) -> Sequence[str]:
        """Remove the leftovers of killed builds, of one deploy or of all; returns their ids."""

    def prune(self, app: AppSettings, keep: Collection[str]) -> Sequence[str]:
        """Remove the app's images except those in ``keep``; the ids of the removed."""

    def remove_caches(self, app: str) -> Sequence[str]:
        """Remove the caches of the app's builds; returns their names."""


class Traffic(Protocol):
    """Sends the requests of apps to slots, also while hookserver is stopped."""

    def apply(self, settings: Settings, endpoints: Endpoints) -> bool:
        """Follow the settings, with all replicas at their endpoints; True if anything had to change.

        Raises NginxError when that is refused; the previous configuration stays active.
        """

    def get(self, app: str) -> TrafficState:
        """Where the app's requests go."""

    def set(self, app: str, state: TrafficState) -> None:
        """Send the app's requests where ``state`` says, confirmed; no request is lost.

        Raises NginxError when it is not confirmed; the previous state is then restored.
        """

    def remove(self, app: str) -> None:
        """Remove the traffic flag of a removed app: its requests go nowhere from now on. Can be repeated.

        Raises NginxError.
        """

    def unreached(self, app: str) -> Sequence[str]:
        """A line for each of the app's domains that another server answers."""

    def visitors(self, app: str, slot: Slot, seconds: float) -> int | None:
        """How many visitors with a session of the slot sent a request in the last seconds; None: not known."""

    def last_request(self, app: str, slot: Slot, since: float) -> float | None:
        """When the last request of a visitor with a session of the slot came (Unix seconds); None: none since then.

        ``inf`` where that is not known.
        """

    def requests_in_flight(self, endpoints: Sequence[Endpoint]) -> int:
        """Open connections to the endpoints; one that is idle counts for some seconds."""

    def rotate_logs(self) -> None:
        """Rotate logs that are over their size."""

    def refused_requests(self) -> str | None:
        """One line about the requests to ``server.listen`` that were refused since the last call; None: none were."""
