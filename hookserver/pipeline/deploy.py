"""The deploy and the rollback, as ordered steps."""

from __future__ import annotations

import logging
import shutil

from hookserver.changes.effects import Change, Effect, outdated, shown
from hookserver.config.secrets import secrets_of
from hookserver.deploy_log import DeployLog
from hookserver.errors import BuildError, DeployFailed, HookserverError, Unhealthy, in_one_line
from hookserver.models import SKIP, Deploy, Push, Release, ReplicaState, Status, Trigger
from hookserver.pipeline.context import Context, DeployContext
from hookserver.pipeline.health_gate import wait_until_healthy
from hookserver.pipeline.liveness import replicas_of
from hookserver.pipeline.steps import build, candidate, check, drain, fetch, prepare, start, switch
from hookserver.pipeline.undo import undo

_STANDBY_DEADLINE = 2.0
"""Seconds in which a standby must answer well to be switched to."""
_TIP_DEADLINE = 5.0


def roll_out(context: DeployContext) -> None:
    """A push goes live."""
    commit, message = fetch(context)
    if _brings_nothing(context, commit, message):
        return
    image = build(context, commit)
    release = candidate(context, commit, image)
    prepare(context, release)
    start(context, release)
    check(context, release)
    before = switch(context, release)
    drain(context, release, before)


def resettle(context: DeployContext) -> None:
    """What serves runs with other settings from now on: the same commit, in containers made anew.

    Its ``prepare`` command ran when the commit went live, and does not run again.
    """
    live = context.store.live_release(context.app.name)
    if live is None:
        context.store.end(context.deploy.number, Status.CANCELLED, "nothing is live that could run with other settings")
        return
    context.store.record_commit(context.deploy.number, live.commit)
    changes = outdated(live.settings, context.recorded(context.app))
    if not changes:
        _serves_already(context, live)
        return
    for change in changes:
        context.log.line(f"{change.key}: {shown(change.before) or 'none'} → {shown(change.after) or 'none'}")
    release = candidate(context, live.commit, _image_for(context, live, changes))
    start(context, release)
    check(context, release)
    before = switch(context, release)
    drain(context, release, before)


def rollback(context: DeployContext) -> None:
    """An earlier release serves again: at once when it stands by, else from its kept image."""
    release = context.store.rollback_target(context.app.name, context.deploy.rollback_to)
    context.store.record_commit(context.deploy.number, release.commit)
    if not _stands_by(context, release):
        release = candidate(context, release.commit, context.images.kept(release.image))
        start(context, release)
        check(context, release)
    before = switch(context, release)
    _note_tip(context)
    drain(context, release, before)


_WAYS = {Trigger.ROLLBACK: rollback, Trigger.SETTINGS: resettle}


def perform(context: Context, deploy: Deploy, log: DeployLog) -> None:
    """Run a claimed deploy to its end: live, or failed with the old release still serving."""
    try:
        _WAYS.get(deploy.trigger, roll_out)(context.for_deploy(deploy, log))
    except HookserverError as error:
        _fail(context, deploy, log, error)
    except Exception as error:
        logging.getLogger("deploy").exception("deploy %d", deploy.number)
        what = f"unexpected {type(error).__name__}: {error}"
        _fail(context, deploy, log, DeployFailed(what, "Is the disk full? If not, report it with the worker's log."))
    finally:
        shutil.rmtree(context.settings.server.state.work(deploy.number), ignore_errors=True)


def open_log(context: Context, deploy: Deploy) -> DeployLog:
    """The deploy's log, which masks what must not be read in it."""
    secrets = secrets_of(context.app_settings(deploy.app)) if deploy.app in context.settings.apps else []
    return DeployLog(context.settings.server.state.log(deploy.number), secrets)


def ending(context: Context, number: int) -> str:
    """How a deploy ended, on one line, for who looks after the worker."""
    deploy = context.store.deploy(number)
    told = f"{deploy.app}: deploy {number}"
    if deploy.status is Status.LIVE:
        live = context.store.live_release(deploy.app)
        return f"{told} is live: {deploy.commit[:12]}{f' on {live.slot}' if live else ''}"
    why = in_one_line(deploy.reason) if deploy.status is not Status.SUPERSEDED else f"by deploy {deploy.superseded_by}"
    return f"{told} {deploy.status.value.replace('_', ' ')}{f': {why}' if why else ''}"


def _brings_nothing(context: DeployContext, commit: str, message: str) -> bool:
    """A hint that brings nothing new, or asks to be skipped, ends here; what a person asks for by hand is done."""
    if (
        context.deploy.rebuild
        or context.deploy.requested_commit
        or context.deploy.trigger in (Trigger.API, Trigger.CLI)
    ):
        return False
    release = context.store.live_release(context.app.name)
    if SKIP in message.lower():
        context.log.result(f"skipped: the commit's message says {SKIP}")
        if release and outdated(release.settings, context.recorded(context.app)):
            context.store.enqueue_settings(Push(context.app.name, Trigger.SETTINGS))
        context.store.end(context.deploy.number, Status.CANCELLED, f"the commit's message says {SKIP}")
        return True
    if release is None or release.commit != commit or outdated(release.settings, context.recorded(context.app)):
        return False
    _serves_already(context, release)
    return True


def _serves_already(context: DeployContext, release: Release) -> None:
    context.log.result(f"live: {release.commit[:12]} serves already, since deploy {release.deploy}")
    context.store.go_live(context.deploy.number, None, context.app.release.standby)
    context.store.end(context.deploy.number, Status.LIVE)


def _image_for(context: DeployContext, live: Release, changes: list[Change]) -> str:
    """The very image that serves, unless it is to be built otherwise, or is gone."""
    if not any(change.effect is Effect.REBUILD for change in changes):
        try:
            return context.images.kept(live.image)
        except BuildError as error:
            context.log.line(f"{error.problem}: it is built again")
    return build(context, live.commit)


def _note_tip(context: DeployContext) -> None:
    """What was pushed before a rollback counts as seen: the poll shall not undo it."""
    try:
        tip = context.mirror(context.app, context.deploy.number).tip(_TIP_DEADLINE)
        context.store.record_tip(context.app.name, tip)
    except HookserverError as error:
        context.log.line(f"the branch's tip could not be looked at: {error.problem}")


def _stands_by(context: DeployContext, release: Release) -> bool:
    """Whether all replicas of the standby run, and answer well right now."""
    if release.retired_at is not None:
        return False
    replicas = replicas_of(context.runtime, release)
    if [replica.state for replica in replicas] != [ReplicaState.RUNNING] * release.replicas:
        return False
    places = context.endpoints(release)
    once = context.app.health.model_copy(
        update={"successes": 1, "deadline": min(_STANDBY_DEADLINE, context.app.health.deadline)}
    )
    try:
        wait_until_healthy(places, once, context.app.domains[0], lambda: None, lambda _line: None)
    except Unhealthy as error:
        context.log.line(
            f"the standby does not answer well, so its image is started again: {in_one_line(error.problem)}"
        )
        return False
    return True


def _fail(context: Context, deploy: Deploy, log: DeployLog, error: HookserverError) -> None:
    """Report why, and take away what the deploy made; what serves is left alone."""
    log.error(str(error))
    told = log.masked(str(error))
    ended = context.store.deploy(deploy.number)
    status = ended.status
    if status is Status.RUNNING:
        try:
            undo(context, deploy)
        except HookserverError as trouble:
            log.error(f"not all of it could be taken away, which is tried again later: {trouble}")
        log.result(f"failed: {in_one_line(error.problem)}")
        context.store.end(deploy.number, Status.FAILED, told)
    elif status is Status.ROLLED_BACK:
        log.result(in_one_line(error.problem))
        context.store.end(deploy.number, Status.ROLLED_BACK, ended.reason)
    elif status is Status.LIVE:
        context.store.end(deploy.number, Status.LIVE, told)
