"""After the switch: the new release is watched while the old one drains, and sent back when it dies."""

from __future__ import annotations

import time
from collections.abc import Callable

from hookserver.config.values import format_duration
from hookserver.errors import DeployFailed, Unhealthy
from hookserver.models import Release, Slot, TrafficState
from hookserver.pipeline.context import DeployContext
from hookserver.pipeline.liveness import check_alive, restarts
from hookserver.pipeline.retire import STOP_GRACE
from hookserver.pipeline.standby import active_visitors, told_of, wait_until_drained
from hookserver.pipeline.undo import give_back_its_path

_CHECKED_FOR = 5.0
"""Seconds for which a new release is checked after its switch at least, however soon the old one is idle."""
_CHECK_EVERY = 0.5


def watch(context: DeployContext, release: Release, before: Release) -> None:
    """See that all new replicas live while the old slot drains; also when it is idle, or held, for a while."""
    enough = time.monotonic() + min(_CHECKED_FOR, context.app.release.drain)
    restarts_before = restarts(context.runtime, release)

    def see_that_all_live() -> None:
        try:
            check_alive(context.runtime, release, restarts_before)
        except Unhealthy as error:
            _send_back(context, release, before, error)

    is_sticky = context.traffic.get(context.app.name).sticky is before.slot
    if not is_sticky:
        _wait_until_drained(context, before, see_that_all_live)
    while time.monotonic() < enough:
        see_that_all_live()
        time.sleep(_CHECK_EVERY)
    if is_sticky:
        longest = format_duration(context.app.release.sticky_seconds)
        active = told_of(active_visitors(context, before))
        context.log.line(f"{before.slot} goes on for those whose sessions it has, for {longest} at most ({active})")
    else:
        tell_of_sessions(context, before.slot)


def _wait_until_drained(context: DeployContext, before: Release, meanwhile: Callable[[], None]) -> None:
    began = time.monotonic()
    release = context.app.release
    if in_flight := wait_until_drained(context, before, release.drain, meanwhile):
        context.log.line(f"{in_flight} connections are still open after {release.drain:g} s; no longer waited for")
    seconds = time.monotonic() - began
    context.log.line(f"drained after {seconds:.1f} s; {before.slot} stands by for {release.standby:g} s")


def _send_back(context: DeployContext, release: Release, before: Release, error: Unhealthy) -> None:
    """The new release broke right after the switch, while the old one still runs."""
    try:
        context.store.send_back(context.deploy.number, release.deploy, before.deploy, context.log.masked(str(error)))
    finally:
        context.traffic.set(context.app.name, TrafficState(before.slot))
    give_back_its_path(context)
    context.runtime.stop(context.app.name, release.slot, STOP_GRACE)
    raise DeployFailed(f"sent back to deploy {before.deploy}: {error.problem}", error.remedy) from error


def tell_of_sessions(context: DeployContext, slot: Slot) -> None:
    """What the slot's replicas say of replicated sessions since this deploy began."""
    if context.app.release.sessions == "replicated":
        for line in context.runtime.session_messages(context.app.name, slot, context.deploy.started_at or 0):
            context.log.line(f"NOTE: {line}")
