"""Apply changed settings: Nginx's text, deploys for new replicas, the removal of apps."""

from __future__ import annotations

import shutil
import time

from hookserver.changes.effects import replacing_changes
from hookserver.changes.nginx_settings import remembered_app
from hookserver.errors import HookserverError, NginxError, Refused
from hookserver.models import Push, Slot, Trigger
from hookserver.pipeline.context import Context
from hookserver.pipeline.reporting import Report
from hookserver.pipeline.retire import STOP_GRACE
from hookserver.pipeline.standby import wait_until_drained

_LONGEST_DRAIN = 100.0
"""Seconds; less than the limit of a task of the worker."""
_UNKNOWN = {"domains": ["unknown"]}


def apply_settings(context: Context, report: Report) -> None:
    """Make what runs follow the settings. Can be repeated. Replicas change by deploys, which are queued here.

    An error of Nginx is recorded, for the person who runs `hookserver apply`. An app that is no longer in the settings
    stays live until its removal is requested. Raises StoreError.
    """
    request = context.store.effective_settings().loaded
    try:
        if context.apply_nginx():
            report("nginx: follows the settings now")
    except NginxError as error:
        report(f"nginx: {error}")
        context.store.record_settings_applied(request, str(error))
        return
    live = context.store.live_releases()
    for app in context.settings.apps.values():
        if app.name in live and replacing_changes(live[app.name].settings, context.recorded(app)):
            queued = context.store.enqueue_settings(Push(app.name, Trigger.SETTINGS))
            report(f"{app.name}: its settings changed, so it gets new replicas: deploy {queued.deploy}")
    retiring = context.store.effective_settings().retire
    for name in live:
        if name not in context.settings.apps and name not in retiring:
            report(f"apps.{name} was removed from the settings, but is still live; `hookserver apply --yes` retires it")
    context.store.record_settings_applied(request)


def remove_app(context: Context, name: str, report: Report) -> None:
    """Remove an app that is no longer in the settings: its traffic, then its replicas, sessions, images and caches.

    Can be repeated. Raises Refused while a deploy of it runs, NginxError, ContainerError, StoreError.
    """
    if name in context.settings.apps:
        raise Refused(f"{name} is in the settings, so it is not removed", "Remove it there first.")
    if any(deploy.app == name for deploy in context.store.in_progress()):
        raise Refused(f"{name} was removed from the settings, but a deploy of it is running", "Cancel it, or wait.")
    context.apply_nginx()
    app = remembered_app(name, context.store.effective_settings().settings.get("apps", {}).get(name, _UNKNOWN))
    deadline = time.monotonic() + min(app.release.drain, _LONGEST_DRAIN)
    for release in context.store.running_releases(name):
        wait_until_drained(context, release, deadline - time.monotonic())
    for slot in Slot:
        context.runtime.stop(name, slot, STOP_GRACE)
    context.runtime.remove_network(context.subnet(name))
    context.traffic.remove(name)
    state = context.settings.server.state
    for folder in (state.request_journals / name, state.sessions(name)):
        shutil.rmtree(folder, ignore_errors=True)  # hostile content is no danger: rmtree.avoids_symlink_attacks
    try:
        context.images.prune(app, set())
        context.images.remove_caches(name)
    except HookserverError as error:
        report(f"{name}: some of its images or build caches stay: {error.problem}")
    context.store.record_app_removed(name)
    report(f"{name}: retired, since it was removed from the settings")
