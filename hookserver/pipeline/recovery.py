"""After a kill, a crash or a reboot: compare the database, the runtime and Nginx, then finish or undo.

The database has what was wanted, Nginx's flags where the traffic goes, the runtime what runs.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection

from hookserver.errors import HookserverError
from hookserver.models import App, Deploy, Release, Status, Step, Trigger
from hookserver.pipeline.context import Context
from hookserver.pipeline.liveness import all_up
from hookserver.pipeline.reporting import Report, errors_reported
from hookserver.pipeline.retire import retire
from hookserver.pipeline.standby import (
    check_visitors,
    end_sticky,
    release_settings,
    sticky_standby,
    traffic_after_switch,
    traffic_to,
)
from hookserver.pipeline.undo import move_traffic_back, undo

_LOGS_KEPT = 1000


def recover(context: Context, deploy: Deploy, report: Report) -> None:
    """Finish a deploy whose process was killed, or undo it and queue it again. Can be repeated.

    Raises HookserverError when Docker, Nginx or the database refuse; it is then repeated later.
    """
    context.store.end_killed_step(deploy.number)
    shutil.rmtree(context.settings.server.state.work(deploy.number), ignore_errors=True)
    release = _release_of(context, deploy)
    if deploy.status is Status.LIVE:
        if release:
            context.runtime.keep_running(deploy.app, release.slot)
        context.store.keep_standby(deploy.app, release_settings(context, deploy.app).drain)
        context.store.end(deploy.number, Status.LIVE)
        return
    if deploy.status is Status.ROLLED_BACK:
        move_traffic_back(context, deploy.app, context.store.live_release(deploy.app))
        undo(context, deploy)
        context.store.end(deploy.number, Status.ROLLED_BACK, deploy.reason)
        return
    moved = release is not None and context.traffic.get(deploy.app).live is release.slot
    if release and moved and deploy.step is Step.SWITCH and _finish_switch(context, deploy, release):
        report(f"{deploy.app}: deploy {deploy.number} was killed after its switch; it is live now")
        return
    undo(context, deploy)
    status = context.store.requeue(deploy.number)
    report(f"{deploy.app}: deploy {deploy.number} was killed in step {deploy.step or 'fetch'}; undone, now {status}")


def reconcile(context: Context, report: Report, spared: Collection[str] = ()) -> None:
    """Make what runs match the database, except for the apps in ``spared``, on which other tasks work.

    Can be repeated; changes nothing where all is well. An error of one app, of the runtime, of
    the images or of Nginx is reported, and the rest goes on. Raises StoreError.
    """
    deploys = context.store.in_progress()
    with errors_reported("runtime", report):
        context.runtime.tidy({deploy.number for deploy in deploys}, context.subnets())
    _keep_nginx(context, report)
    with errors_reported("old files", report):
        _clear_folders(context)
    in_progress = {deploy.app for deploy in deploys}
    if not in_progress:
        with errors_reported("images", report):
            context.images.remove_leftovers()
    for app in context.store.apps():
        if app.name in context.settings.apps and app.name not in in_progress and app.name not in spared:
            with errors_reported(app.name, report):
                _reconcile_app(context, app, report)


def _keep_nginx(context: Context, report: Report) -> None:
    """Apply Nginx's configuration if it changed. One that Nginx refuses is only reported; the old one stays."""
    with errors_reported("nginx", report):
        if context.apply_nginx():
            report("nginx: started, or its configuration changed")
            for app in context.settings.apps:
                for line in context.traffic.unreached(app):
                    report(f"{app}: {line}")
        context.traffic.rotate_logs()
        if refused := context.traffic.refused_requests():
            report(refused)


def _clear_folders(context: Context) -> None:
    """Remove the temporary folders of deploys that are over, and the oldest logs."""
    logs = [log for log in context.settings.server.state.log(0).parent.glob("*.log") if log.stem.isdecimal()]
    for log in sorted(logs, key=lambda log: int(log.stem))[:-_LOGS_KEPT]:
        log.unlink(missing_ok=True)
    folders = list(context.settings.server.state.work(0).parent.glob("*"))
    running = {str(deploy.number) for deploy in context.store.in_progress()}
    for folder in folders:
        if folder.name not in running:
            shutil.rmtree(folder, ignore_errors=True)


def _release_of(context: Context, deploy: Deploy) -> Release | None:
    """The release that a deploy was about to switch to: its own, or the standby of a rollback."""
    made = context.store.release(deploy.number)
    if made is None and deploy.trigger is Trigger.ROLLBACK:
        try:
            return context.store.rollback_target(deploy.app, deploy.rollback_to)
        except HookserverError:
            return None
    return made


def _finish_switch(context: Context, deploy: Deploy, release: Release) -> bool:
    """Record the switch if the new replicas run; else move the traffic back. Whether it is recorded."""
    before = context.store.live_release(deploy.app)
    if not all_up(context.runtime, release):
        move_traffic_back(context, deploy.app, before)
        return False
    settings = release_settings(context, deploy.app)
    sticky_seconds = settings.sticky_seconds if before else 0.0
    context.traffic.set(deploy.app, traffic_after_switch(release, sticky_seconds))
    context.runtime.keep_running(deploy.app, release.slot)
    context.store.go_live(deploy.number, release.deploy, settings.standby, sticky_seconds)
    context.store.end(deploy.number, Status.LIVE)
    return True


def _reconcile_app(context: Context, app: App, report: Report) -> None:
    releases = {release.deploy: release for release in context.store.running_releases(app.name)}
    has_traffic = context.traffic.get(app.name).live
    strangers = [replica for replica in context.runtime.replicas(app.name) if replica.deploy not in releases]
    for replica in strangers:
        if replica.slot is not has_traffic:
            report(f"{app.name}: {replica.name} belongs to neither the live release nor the standby; removed")
            context.runtime.remove_deploy(app.name, replica.deploy)
    live = releases.get(app.live) if app.live is not None else None
    if live is None:
        return
    if any(replica.slot is live.slot is has_traffic and replica.is_up for replica in strangers):
        report(f"{app.name}: the live replicas on {has_traffic} are not in the database; they stay until a deploy")
        return
    _restart_missing(context, live, report)
    standby = sticky_standby(context, app.name)
    if standby and not any(replica.is_up for replica in context.runtime.replicas(app.name, standby.slot)):
        report(f"{app.name}: no replica runs on {standby.slot}, the sticky standby; its visitors go to {live.slot}")
        context.store.end_sticky(standby.deploy)
        standby = None
    _keep_traffic(context, live, report)
    if standby:
        check_visitors(context, standby)


def _keep_traffic(context: Context, live: Release, report: Report) -> None:
    """Nginx sends the app's requests where the database says; Nginx itself confirms it, also when the flags say so."""
    wanted, actual = traffic_to(context, live), context.traffic.get(live.app)
    if actual != wanted:
        report(f"{live.app}: traffic set to {wanted} (it was {actual}); deploy {live.deploy} is live")
    context.traffic.set(live.app, wanted)  # also when the flag is right: Nginx must confirm that it reads it


def _restart_missing(context: Context, live: Release, report: Report) -> None:
    """Start the missing replicas of a live release."""
    if not all_up(context.runtime, live):
        report(f"{live.app}: replicas of deploy {live.deploy} on {live.slot} are missing; started again")
        context.runtime.start(context.app_settings(live.app), live, context.endpoints(live))
    context.runtime.keep_running(live.app, live.slot)


def retire_due(context: Context, app: str, now: float, report: Report) -> None:
    """Retire the app's standby if it is due by ``now`` (Unix seconds), or end its sticky time if that is over.

    Raises HookserverError when Docker, Nginx or the database refuse; it is then repeated later.
    """
    for release in context.store.standbys():
        if release.app == app and release.sticky_until is not None:
            release = check_visitors(context, release)
            if release.sticky_until is not None and release.sticky_until <= now:
                end_sticky(context, release)
                report(f"{app}: {release.slot} is no longer the standby for earlier visitors (deploy {release.deploy})")
        if release.app == app and release.retire_at is not None and release.retire_at <= now:
            retire(context, app, release.slot)
            report(f"{app}: {release.slot} retired (deploy {release.deploy})")
            if app in context.settings.apps and release.replicas != context.settings.apps[app].replicas:
                _keep_nginx(context, report)
