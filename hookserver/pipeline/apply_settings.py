"""Settings that have changed are taken up: Nginx's text, replicas made anew, apps that are gone."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable

from hookserver.changes.effects import outdated
from hookserver.changes.nginx_settings import remembered_app
from hookserver.errors import HookserverError, NginxError, Refused
from hookserver.models import Push, Slot, Trigger
from hookserver.pipeline.context import Context
from hookserver.pipeline.retire import STOP_GRACE
from hookserver.pipeline.standby import wait_until_drained

Report = Callable[[str], None]

_LONGEST_DRAIN = 100.0
"""Seconds; what ends an app is a task, and bounded like all of them."""
_UNKNOWN = {"domains": ["unknown"]}


def take_up(context: Context, report: Report) -> None:
    """Make what runs follow the settings; can be repeated. Containers are replaced by deploys, which are queued.

    What went wrong is told to who asked. An app that is gone from the settings serves on, and is told of.
    """
    request = context.store.effective_settings().loaded
    try:
        if context.apply_nginx():
            report("nginx: given its configuration")
    except NginxError as error:
        report(f"nginx: {error}")
        context.store.record_settings_applied(request, str(error))
        return
    live = context.store.live_releases()
    for app in context.settings.apps.values():
        if app.name in live and outdated(live[app.name].settings, context.recorded(app)):
            queued = context.store.enqueue_settings(Push(app.name, Trigger.SETTINGS))
            report(f"{app.name}: its settings changed, so it gets new replicas: deploy {queued.deploy}")
    retiring = context.store.effective_settings().retire
    for name in live:
        if name not in context.settings.apps and name not in retiring:
            report(f"apps.{name} is gone from the settings, but serves on; `hookserver apply --yes` retires it")
    context.store.record_settings_applied(request)


def end_app(context: Context, name: str, report: Report) -> None:
    """The end of an app that is gone from the settings: no more visitors, then no replicas, images and build caches.

    Can be repeated. Raises Refused while a deploy of it is under way.
    """
    if any(deploy.app == name for deploy in context.store.in_progress()):
        raise Refused(f"{name} is gone from the settings, but a deploy of it is under way", "Cancel it, or wait.")
    context.apply_nginx()
    app = remembered_app(name, context.store.effective_settings().settings.get("apps", {}).get(name, _UNKNOWN))
    gives_up = time.monotonic() + min(app.release.drain, _LONGEST_DRAIN)
    for release in context.store.releases(name):
        if release.retired_at is None:
            wait_until_drained(context, release, gives_up - time.monotonic())
    for slot in Slot:
        context.runtime.stop(name, slot, STOP_GRACE)
    state = context.settings.server.state
    for folder in (state.live(name), state.request_journal / name):
        shutil.rmtree(folder, ignore_errors=True)
    try:
        context.images.prune(app, set())
        context.images.remove_caches(name)
    except HookserverError as error:
        report(f"{name}: images or build caches of it stay: {error.problem}")
    context.store.record_app_removed(name)
    report(f"{name}: retired, as it is gone from the settings")
