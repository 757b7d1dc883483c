"""Whether a release's replicas live, and why they do not."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hookserver.errors import ContainerError, Unhealthy
from hookserver.models import Release, Replica, ReplicaState
from hookserver.pipeline.contracts import Runtime

NO_RESTARTS: Mapping[str, int] = MappingProxyType({})


class ReplicaDied(Unhealthy):
    """A replica ended; the text has the cause and its last lines."""


def replicas_of(runtime: Runtime, release: Release) -> list[Replica]:
    """The release's replicas, running or not. Raises ContainerError."""
    return [replica for replica in runtime.replicas(release.app, release.slot) if replica.deploy == release.deploy]


def all_up(runtime: Runtime, release: Release) -> bool:
    """Whether every replica of the release runs, or is being restarted. Raises ContainerError."""
    return sum(replica.is_up for replica in replicas_of(runtime, release)) >= release.replicas


def restarts(runtime: Runtime, release: Release) -> dict[str, int]:
    """How often each replica of the release was restarted, by its id. Raises ContainerError."""
    return {replica.id: replica.restarts for replica in replicas_of(runtime, release)}


def check_alive(runtime: Runtime, release: Release, forgiven: Mapping[str, int] = NO_RESTARTS) -> None:
    """Check that every replica of the release runs and was not restarted more often than ``forgiven`` (by id).

    Raises ReplicaDied when one ended, Unhealthy when one was removed, ContainerError when the runtime is silent.
    """
    replicas = replicas_of(runtime, release)
    for replica in replicas:
        was_restarted = replica.restarts > forgiven.get(replica.id, 0)
        # The kernel may kill one process of a container, and the container runs on: Docker reports OOMKilled.
        lost_a_process = replica.out_of_memory and not replica.restarts
        if replica.state is not ReplicaState.RUNNING or was_restarted or lost_a_process:
            raise _died(runtime, replica)
    if len(replicas) < release.replicas:
        raise Unhealthy(
            f"{release.app}: deploy {release.deploy} has {len(replicas)} of its {release.replicas} replicas on "
            f"{release.slot}: the others were removed",
            "Find out which program removed them; then deploy again.",
        )


def gave_up(runtime: Runtime, release: Release, context_path: str) -> str:
    """Why the release will never be healthy, as a replica's log reports; empty: no replica does.

    Raises ContainerError.
    """
    for replica in replicas_of(runtime, release):
        if runtime.gave_up(replica, context_path):
            return f"in {replica.name}, Tomcat gave up the context {context_path or '/'}"
    return ""


def with_cause(runtime: Runtime, release: Release, error: Unhealthy) -> Unhealthy:
    """The same error with the cause from a replica's log; a ReplicaDied has it already."""
    if isinstance(error, ReplicaDied):
        return error
    try:
        replicas = replicas_of(runtime, release)
        cause = f"{replicas[0].name}: {runtime.failure_report(replicas[0])}" if replicas else ""
    except ContainerError as trouble:
        cause = f"its log cannot be read: {trouble.problem}"
    return Unhealthy(f"{error.problem}\n{cause}".rstrip(), error.remedy)


def _died(runtime: Runtime, replica: Replica) -> ReplicaDied:
    restarted = f" and was restarted {replica.restarts} times" if replica.restarts else ""
    remedy = "Fix the cause above, then push again; the old release is still live."
    if replica.out_of_memory:
        remedy = f"Give it more: apps.{replica.app}.tomcat.memory, and -Xmx in java_opts if that is set."
    return ReplicaDied(f"{replica.name} {replica.ending}{restarted}\n{runtime.failure_report(replica)}", remedy)
