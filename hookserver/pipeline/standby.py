"""Sticky sessions across a switch: how long a held standby stays for its visitors, and how it lets them go."""

from __future__ import annotations

import time
from collections.abc import Callable

from hookserver.config import ReleaseSettings
from hookserver.models import Release, TrafficState
from hookserver.pipeline.context import Context
from hookserver.pipeline.session_lifetime import longest_session
from hookserver.state.wait_until import wait_until

ACTIVE = 300.0
"""Seconds within which a visitor has asked for something who is taken to be there still."""


def sticky_standby(context: Context, app: str) -> Release | None:
    """The standby that serves on those whose sessions it has; None: none does, or the app's sessions are not sticky."""
    if release_settings(context, app).sessions != "sticky":
        return None
    standbys = (release for release in context.store.standbys() if release.app == app)
    return next((release for release in standbys if release.sticky_until is not None), None)


def traffic_to(context: Context, release: Release) -> TrafficState:
    """Where an app's requests go while ``release`` is live: to its slot, and to the sticky standby."""
    sticky = sticky_standby(context, release.app)
    return TrafficState(release.slot, sticky.slot if sticky and sticky.slot is not release.slot else None)


def traffic_after_switch(release: Release, sticky_seconds: float) -> TrafficState:
    """Where an app's requests go once ``release`` is live: the other slot is sticky if it is so for any time."""
    return TrafficState(release.slot, sticky=release.slot.other if sticky_seconds > 0 else None)


def check_visitors(context: Context, release: Release) -> Release:
    """See who has asked for a held standby; answers it with the time at which it is retired if nobody does any more."""
    places = context.endpoints(release) if release.app in context.numbers else []
    longest = longest_session(places, str(release.settings.get("path", "/")))
    since = (release.retire_at or time.time()) - longest
    asked = context.traffic.last_request(release.app, release.slot, since)
    visitors = active_visitors(context, release)
    context.store.record_visitors(release.deploy, retire_at(release, asked, longest), visitors)
    return context.store.release(release.deploy) or release


def active_visitors(context: Context, release: Release) -> int | None:
    """How many visitors would lose their sessions if the release were let go now; None: nobody knows."""
    return context.traffic.visitors(release.app, release.slot, ACTIVE)


def told_of(visitors: int | None) -> str:
    """The active visitors for a person."""
    count = "not known, there is no access log" if visitors is None else visitors
    return f"visitors of the last 5 minutes: {count}"


def retire_at(release: Release, asked: float | None, longest: float) -> float:
    """When a held standby is retired: once the last session that was ``asked`` for has ended, or at the deadline.

    ``longest``: after how many seconds of silence it has. Never earlier than was said before, since that is the time
    that it stays for a rollback.
    """
    planned = release.retire_at or 0.0
    if asked is None or release.sticky_until is None:
        return planned
    return max(planned, min(release.sticky_until, asked + longest))


def end_sticky(context: Context, release: Release) -> None:
    """Its visitors go to the live slot from now on; what is in flight to it is waited for, up to the app's ``drain``.

    The database says so first: what compares it with Nginx's flags never lays the flag again.
    """
    context.store.end_sticky(release.deploy)
    context.traffic.set(release.app, TrafficState(context.traffic.get(release.app).live))
    if release.app in context.numbers:
        wait_until_drained(context, release, release_settings(context, release.app).drain)


def wait_until_drained(
    context: Context, release: Release, seconds: float, meanwhile: Callable[[], None] = lambda: None
) -> int:
    """Wait until nothing is in flight to the release, ``seconds`` at most; answers how many connections still are."""
    places = context.endpoints(release)

    def in_flight() -> int:
        if count := context.traffic.requests_in_flight(places):
            meanwhile()
        return count

    return wait_until(in_flight, seconds, pause=0.1, is_enough=lambda count: count == 0)


def release_settings(context: Context, app: str) -> ReleaseSettings:
    """The app's; the defaults where the settings no longer have it."""
    settings = context.settings.apps.get(app)
    return settings.release if settings else ReleaseSettings()
