"""Taking back what a deploy did that did not go live, or did not stay."""

from __future__ import annotations

import shutil
from contextlib import suppress

from hookserver.errors import DeployFailed, HookserverError
from hookserver.models import Deploy, Release, TrafficState
from hookserver.pipeline.context import Context
from hookserver.pipeline.standby import traffic_to
from hookserver.state.deploy_processes import kill_orphans


def undo(context: Context, deploy: Deploy) -> None:
    """Take away what a deploy made that never went live. What has traffic is left alone, whatever the database says."""
    release = context.store.release(deploy.number)
    if release is not None and context.traffic.get(deploy.app).live is release.slot:
        raise DeployFailed(f"{deploy.app} {release.slot} has traffic and is left alone", "Restart hookserver's worker.")
    kill_orphans(context.settings.server.state.tag(deploy.number))
    context.images.remove_leftovers(deploy.number)
    context.runtime.remove_deploy(deploy.app, deploy.number)
    context.store.drop_release(deploy.number)
    shutil.rmtree(context.settings.server.state.work(deploy.number), ignore_errors=True)


def move_traffic_back(context: Context, app: str, before: Release | None) -> None:
    """To the release that served before; to the page that says 503 when none did."""
    if before is None:
        context.traffic.set(app, TrafficState())
    else:
        context.traffic.set(app, traffic_to(context, before))
        give_back_its_path(context)


def give_back_its_path(context: Context) -> None:
    """What serves again may have been made for another path; where that fails now, the next comparison mends it."""
    with suppress(HookserverError):
        context.apply_nginx()
