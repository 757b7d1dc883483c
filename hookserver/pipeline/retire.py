"""The end of a slot's replicas, and of images that no rollback needs."""

from __future__ import annotations

from hookserver.config import AppSettings
from hookserver.errors import DeployFailed
from hookserver.models import Slot
from hookserver.pipeline.context import Context
from hookserver.pipeline.standby import end_sticky
from hookserver.store import Store

STOP_GRACE = 30.0
"""Seconds a replica has for its graceful stop."""


def retire(context: Context, app: str, slot: Slot) -> None:
    """Stop and remove a slot's replicas; never those that serve.

    Who goes on with it is let go first, and what is in flight for him ends. The database says that it is retired before
    it is, so that no rollback goes to a slot that is about to end.
    """
    live = context.store.live_release(app)
    if slot in (live and live.slot, context.traffic.get(app).live):
        raise DeployFailed(f"{app} {slot} serves and cannot be retired", "Restart hookserver's worker, then try again.")
    for release in context.store.releases(app):
        if release.slot is slot and release.retired_at is None:
            if release.sticky_until is not None:
                end_sticky(context, release)
            context.store.record_retired(release.deploy)
    context.runtime.stop(app, slot, STOP_GRACE)


def kept_images(store: Store, app: AppSettings) -> set[str]:
    """The images that run or that a rollback may need: the last ``keep``, of however many releases each was."""
    served = store.releases(app.name)
    running = {release.image for release in served if release.retired_at is None}
    newest_first = list(dict.fromkeys(release.image for release in served))
    return running | set(newest_first[: app.release.keep])
