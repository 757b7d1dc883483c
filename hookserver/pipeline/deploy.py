"""The three kinds of deploy, as ordered steps: a push, new settings, a rollback."""

from __future__ import annotations

import logging
import shutil

from hookserver.changes.effects import replacing_changes, shown
from hookserver.config.secrets import secrets_of
from hookserver.deploy_log import DeployLog
from hookserver.errors import DeployFailed, HookserverError, in_one_line
from hookserver.models import Deploy, Status, Trigger
from hookserver.pipeline.context import Context, DeployContext
from hookserver.pipeline.shortcuts import (
    end_as_live,
    ends_without_release,
    image_for_settings,
    record_tip,
    standby_is_healthy,
)
from hookserver.pipeline.steps import build, check, drain, fetch, new_release, prepare, start, switch
from hookserver.pipeline.undo import undo


def roll_out(context: DeployContext) -> None:
    """A push goes live. Raises HookserverError with the cause when it does not."""
    commit, message = fetch(context)
    if ends_without_release(context, commit, message):
        return
    release = new_release(context, commit, build(context, commit))
    prepare(context, release)
    start(context, release)
    check(context, release)
    before = switch(context, release)
    drain(context, release, before)


def apply_to_live(context: DeployContext) -> None:
    """The live commit goes live again, in new containers, with the settings of now, or on base images that are newer.

    Its ``prepare`` command ran when the commit first went live, and does not run again. Raises HookserverError.
    """
    live = context.store.live_release(context.app.name)
    if live is None:
        context.store.end(context.deploy.number, Status.CANCELLED, "nothing is live that could get new settings")
        return
    context.store.record_commit(context.deploy.number, live.commit)
    changes = replacing_changes(live.settings, context.recorded(context.app))
    if not changes and not context.deploy.rebuild:
        end_as_live(context, live)
        return
    for change in changes:
        context.log.line(f"{change.key}: {shown(change.before) or 'none'} → {shown(change.after) or 'none'}")
    release = new_release(context, live.commit, image_for_settings(context, live, changes))
    start(context, release)
    check(context, release)
    before = switch(context, release)
    drain(context, release, before)


def roll_back(context: DeployContext) -> None:
    """An earlier release goes live again: at once if it stands by, else from its kept image. Raises HookserverError."""
    release = context.store.rollback_target(context.app.name, context.deploy.rollback_to)
    context.store.record_commit(context.deploy.number, release.commit)
    if not standby_is_healthy(context, release):
        release = new_release(context, release.commit, context.images.kept(release.image))
        start(context, release)
        check(context, release)
    before = switch(context, release)
    record_tip(context)
    drain(context, release, before)


_KINDS = {Trigger.ROLLBACK: roll_back, Trigger.SETTINGS: apply_to_live}


def perform(context: Context, deploy: Deploy, log: DeployLog) -> None:
    """Run a claimed deploy to its end: live, or failed while the old release stays live. Raises StoreError."""
    try:
        _KINDS.get(deploy.trigger, roll_out)(context.for_deploy(deploy, log))
    except HookserverError as error:
        _fail(context, deploy, log, error)
    except Exception as error:
        logging.getLogger("deploy").exception("deploy %d", deploy.number)
        problem = f"unexpected {type(error).__name__}: {error}"
        _fail(context, deploy, log, DeployFailed(problem, "Is the disk full? If not, report it with the worker's log."))
    finally:
        shutil.rmtree(context.settings.server.state.work(deploy.number), ignore_errors=True)


def open_log(context: Context, deploy: Deploy) -> DeployLog:
    """The deploy's log, which masks the app's secrets. The caller closes it."""
    secrets = secrets_of(context.app_settings(deploy.app)) if deploy.app in context.settings.apps else []
    return DeployLog(context.settings.server.state.log(deploy.number), secrets)


def describe_end(context: Context, number: int) -> str:
    """How a deploy ended, on one line, for the worker's log. Raises NotFound for an unknown deploy."""
    deploy = context.store.deploy(number)
    name = f"{deploy.app}: deploy {number}"
    if deploy.status is Status.LIVE:
        live = context.store.live_release(deploy.app)
        return f"{name} is live: {deploy.commit[:12]}{f' on {live.slot}' if live else ''}"
    reason = in_one_line(deploy.reason)
    if deploy.status is Status.SUPERSEDED:
        reason = f"by deploy {deploy.superseded_by}"
    return f"{name} {deploy.status.value.replace('_', ' ')}{f': {reason}' if reason else ''}"


def _fail(context: Context, deploy: Deploy, log: DeployLog, error: HookserverError) -> None:
    """Log the error, undo what the deploy made, and end it; a release that is live stays."""
    log.error(str(error))
    reason = log.masked(str(error))
    recorded = context.store.deploy(deploy.number)
    if recorded.status is Status.RUNNING:
        try:
            undo(context, deploy)
        except HookserverError as trouble:
            log.error(f"cleanup is incomplete and will be retried: {trouble}")
        log.result(f"failed: {in_one_line(error.problem)}")
        context.store.end(deploy.number, Status.FAILED, reason)
    elif recorded.status is Status.ROLLED_BACK:
        log.result(in_one_line(error.problem))
        context.store.end(deploy.number, Status.ROLLED_BACK, recorded.reason)
    elif recorded.status is Status.LIVE:
        context.store.end(deploy.number, Status.LIVE, reason)
