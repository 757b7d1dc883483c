"""The end of a slot's replicas, and the images that stay for rollbacks."""

from __future__ import annotations

from hookserver.config import AppSettings
from hookserver.errors import DeployFailed
from hookserver.models import Slot
from hookserver.pipeline.context import Context
from hookserver.pipeline.standby import end_sticky
from hookserver.store import Store

STOP_GRACE = 30.0
"""Seconds that a replica has for its graceful stop."""


def retire(context: Context, app: str, slot: Slot) -> None:
    """Stop and remove a slot's replicas. Visitors with sessions of a sticky standby go to the live slot first.

    The database records it before the replicas stop, so that no rollback goes to a slot that is about to end. Raises
    DeployFailed when the slot is live, NginxError, ContainerError.
    """
    live = context.store.live_release(app)
    if slot in (live and live.slot, context.traffic.get(app).live):
        raise DeployFailed(
            f"{app}'s slot {slot} is live and cannot be retired", "Restart hookserver's worker; then try again."
        )
    for release in context.store.running_releases(app):
        if release.slot is slot:
            if release.sticky_until is not None:
                end_sticky(context, release)
            context.store.record_retired(release.deploy)
    context.runtime.stop(app, slot, STOP_GRACE)


def kept_images(store: Store, app: AppSettings) -> set[str]:
    """The images that run, and the last ``keep`` that went live, however many releases each made."""
    releases = store.releases(app.name)
    running = {release.image for release in releases if release.retired_at is None}
    newest_first = list(dict.fromkeys(release.image for release in releases))
    return running | set(newest_first[: app.release.keep])
