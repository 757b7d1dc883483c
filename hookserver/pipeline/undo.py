"""Undoes a deploy that did not go live, or did not stay live."""

from __future__ import annotations

import shutil
from contextlib import suppress

from hookserver.errors import DeployFailed, HookserverError
from hookserver.models import Deploy, Release, TrafficState
from hookserver.pipeline.context import Context
from hookserver.pipeline.standby import traffic_to
from hookserver.state.deploy_processes import kill_orphans


def undo(context: Context, deploy: Deploy) -> None:
    """Remove everything that a deploy made which never went live. Can be repeated.

    A slot with traffic is left alone, whatever the database says: then raises DeployFailed. Also raises ContainerError,
    BuildError and StoreError.
    """
    release = context.store.release(deploy.number)
    if release is not None and context.traffic.get(deploy.app).live is release.slot:
        raise DeployFailed(
            f"{deploy.app}'s slot {release.slot} has traffic, so its replicas stay", "Restart hookserver's worker."
        )
    # Processes first: they could create containers again.
    kill_orphans(context.settings.server.state.tag(deploy.number))
    context.images.remove_leftovers(deploy.number)
    context.runtime.remove_deploy(deploy.app, deploy.number)
    context.store.drop_release(deploy.number)
    shutil.rmtree(context.settings.server.state.work(deploy.number), ignore_errors=True)


def move_traffic_back(context: Context, app: str, before: Release | None) -> None:
    """Send the app's requests to the release that was live before; to the 503 page if none was. Raises NginxError."""
    if before is None:
        context.traffic.set(app, TrafficState())
    else:
        context.traffic.set(app, traffic_to(context, before))
        apply_nginx_again(context)


def apply_nginx_again(context: Context) -> None:
    """Follow the settings of the release that is live again, such as its path. The reconciliation retries an error."""
    with suppress(HookserverError):
        context.apply_nginx()
