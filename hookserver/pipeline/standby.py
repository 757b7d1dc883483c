"""Sticky sessions across a switch: how long a standby serves the visitors whose sessions it holds, and how it ends."""

from __future__ import annotations

import time
from collections.abc import Callable

from hookserver.config import ReleaseSettings
from hookserver.models import Release, TrafficState
from hookserver.pipeline.context import Context
from hookserver.pipeline.session_lifetime import longest_session
from hookserver.state.wait_until import wait_until

ACTIVE = 300.0
"""Seconds; a visitor is active who sent a request within them."""


def sticky_standby(context: Context, app: str) -> Release | None:
    """The standby that still serves visitors whose sessions it holds; None if there is none.

    Also None when the app's sessions are not sticky by the settings of now. Raises StoreError.
    """
    if release_settings(context, app).sessions != "sticky":
        return None
    standbys = (release for release in context.store.standbys() if release.app == app)
    return next((release for release in standbys if release.sticky_until is not None), None)


def traffic_to(context: Context, release: Release) -> TrafficState:
    """Where an app's requests go while ``release`` is live: to its slot, and to the sticky standby."""
    sticky = sticky_standby(context, release.app)
    return TrafficState(release.slot, sticky.slot if sticky and sticky.slot is not release.slot else None)


def traffic_after_switch(release: Release, sticky_seconds: float) -> TrafficState:
    """Where an app's requests go once ``release`` is live: the other slot is sticky for ``sticky_seconds``, if any."""
    return TrafficState(release.slot, sticky=release.slot.other if sticky_seconds > 0 else None)


def check_visitors(context: Context, release: Release) -> Release:
    """Record how many visitors a sticky standby has, and when it is retired if none of them returns; the new record.

    Raises StoreError.
    """
    endpoints = context.endpoints(release) if release.app in context.numbers else []
    longest = longest_session(endpoints, str(release.settings.get("path", "/")))
    since = (release.retire_at or time.time()) - longest
    last_request = context.traffic.last_request(release.app, release.slot, since)
    visitors = active_visitors(context, release)
    context.store.record_visitors(release.deploy, retire_at(release, last_request, longest), visitors)
    return context.store.release(release.deploy) or release


def active_visitors(context: Context, release: Release) -> int | None:
    """How many visitors would lose their sessions if the release ended now; None: not known."""
    return context.traffic.visitors(release.app, release.slot, ACTIVE)


def describe_visitors(visitors: int | None) -> str:
    """The number of active visitors, for a person."""
    count = "not known, there is no access log" if visitors is None else visitors
    return f"visitors of the last 5 minutes: {count}"


def retire_at(release: Release, last_request: float | None, longest: float) -> float:
    """When a sticky standby is retired: once its last session has ended, at ``sticky_until`` at the latest.

    ``longest``: the seconds without a request after which all its sessions have ended. Never earlier than planned
    before, since it also stands by for a rollback. Unix seconds.
    """
    planned = release.retire_at or 0.0
    if last_request is None or release.sticky_until is None:
        return planned
    return max(planned, min(release.sticky_until, last_request + longest))


def end_sticky(context: Context, release: Release) -> None:
    """Send the standby's visitors to the live slot, and wait for its requests in flight, up to the app's ``drain``.

    The database records it first, so that a reconciliation never makes the slot sticky again. Raises StoreError, and
    NginxError when the change is not confirmed.
    """
    context.store.end_sticky(release.deploy)
    context.traffic.set(release.app, TrafficState(context.traffic.get(release.app).live))
    if release.app in context.numbers:
        wait_until_drained(context, release, release_settings(context, release.app).drain)


def wait_until_drained(
    context: Context, release: Release, seconds: float, meanwhile: Callable[[], None] = lambda: None
) -> int:
    """Wait until no request is in flight to the release, for ``seconds`` at most; how many connections are still open.

    ``meanwhile`` is called at each check, and ends the wait when it raises.
    """
    endpoints = context.endpoints(release)

    def in_flight() -> int:
        if count := context.traffic.requests_in_flight(endpoints):
            meanwhile()
        return count

    return wait_until(in_flight, seconds, pause=0.1, is_enough=lambda count: count == 0)


def release_settings(context: Context, app: str) -> ReleaseSettings:
    """The settings of ``[apps.<app>.release]``; the defaults for an app that is no longer in the settings."""
    settings = context.settings.apps.get(app)
    return settings.release if settings else ReleaseSettings()
