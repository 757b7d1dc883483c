"""Taking back what a deploy did that did not go live, or did not stay."""

from __future__ import annotations

import shutil
from contextlib import suppress

from hookserver.errors import DeployFailed, HookserverError
from hookserver.models import Deploy, Release
from hookserver.pipeline.context import Parts
from hookserver.pipeline.standby import sticky_slot
from hookserver.state.deploy_processes import kill_orphans


def undo(parts: Parts, deploy: Deploy) -> None:
    """Take away what a deploy made that never went live. What has traffic is left alone, whatever the database says."""
    release = parts.store.release(deploy.number)
    if release is not None and parts.nginx.live_slot(deploy.app) is release.slot:
        raise DeployFailed(f"{deploy.app} {release.slot} has traffic and is left alone", "Restart hookserver's worker.")
    kill_orphans(parts.settings.server.state.tag(deploy.number))
    parts.images.remove_leftovers(deploy.number)
    parts.containers.remove_deploy(deploy.app, deploy.number)
    parts.store.drop_release(deploy.number)
    shutil.rmtree(parts.settings.server.state.work(deploy.number), ignore_errors=True)


def move_traffic_back(parts: Parts, app: str, before: Release | None) -> None:
    """To the release that served before; to the page that says 503 when none did."""
    if before is None:
        parts.nginx.close(app)
    else:
        parts.nginx.switch(app, before.slot, hold=sticky_slot(parts, app) is before.slot.other)
        give_back_its_path(parts)


def give_back_its_path(parts: Parts) -> None:
    """What serves again may have been made for another path; where that fails now, the next comparison mends it."""
    with suppress(HookserverError):
        parts.apply_nginx()
