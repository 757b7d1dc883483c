"""The post-switch check: the new release is checked while the old one drains, and rolled back when it dies."""

from __future__ import annotations

import time
from collections.abc import Callable

from hookserver.config.units import format_duration
from hookserver.errors import DeployFailed, Unhealthy
from hookserver.models import Release, Slot, TrafficState
from hookserver.pipeline.context import DeployContext
from hookserver.pipeline.liveness import check_alive, restarts
from hookserver.pipeline.retire import STOP_GRACE
from hookserver.pipeline.standby import active_visitors, describe_visitors, wait_until_drained
from hookserver.pipeline.undo import apply_nginx_again

_CHECKED_FOR = 5.0
"""Seconds for which a new release is checked at least, also when the old one is idle at once."""
_CHECK_EVERY = 0.5


def watch(context: DeployContext, release: Release, before: Release) -> None:
    """Check that all new replicas live while the old slot drains, and for some seconds in any case.

    Does not wait for a sticky standby. Raises DeployFailed when a new replica dies; the old release is then live again.
    """
    ends = time.monotonic() + min(_CHECKED_FOR, context.app.release.drain)
    restarts_before = restarts(context.runtime, release)

    def check_new_replicas() -> None:
        try:
            check_alive(context.runtime, release, restarts_before)
        except Unhealthy as error:
            _send_back(context, release, before, error)

    is_sticky = context.traffic.get(context.app.name).sticky is before.slot
    if not is_sticky:
        _drain(context, before, check_new_replicas)
    while time.monotonic() < ends:
        check_new_replicas()
        time.sleep(_CHECK_EVERY)
    if is_sticky:
        longest = format_duration(context.app.release.sticky_seconds)
        visitors = describe_visitors(active_visitors(context, before))
        context.log.line(
            f"{before.slot} still serves the visitors whose sessions it holds, for {longest} at most ({visitors})"
        )
    else:
        log_session_messages(context, before.slot)


def log_session_messages(context: DeployContext, slot: Slot) -> None:
    """Log what the slot's replicas report about stored sessions since this deploy began. Raises ContainerError."""
    if context.app.release.sessions == "shared":
        for message in context.runtime.session_messages(context.app.name, slot, context.deploy.started_at or 0):
            context.log.line(f"NOTE: {message}")


def _drain(context: DeployContext, before: Release, meanwhile: Callable[[], None]) -> None:
    started = time.monotonic()
    release = context.app.release
    if in_flight := wait_until_drained(context, before, release.drain, meanwhile):
        context.log.line(f"{in_flight} connections are still open after {release.drain:g} s; no longer waited for")
    seconds = time.monotonic() - started
    context.log.line(f"drained after {seconds:.1f} s; {before.slot} stands by for {release.standby:g} s")


def _send_back(context: DeployContext, release: Release, before: Release, error: Unhealthy) -> None:
    """Make the old release live again, while it still runs, and stop the new one."""
    # The traffic moves even when the database cannot be written: visitors first.
    try:
        context.store.send_back(context.deploy.number, release.deploy, before.deploy, context.log.masked(str(error)))
    finally:
        context.traffic.set(context.app.name, TrafficState(before.slot))
    apply_nginx_again(context)
    context.runtime.stop(context.app.name, release.slot, STOP_GRACE)
    raise DeployFailed(f"rolled back to deploy {before.deploy}: {error.problem}", error.remedy) from error
