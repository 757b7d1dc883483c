"""The deploy and the rollback, as ordered steps."""

from __future__ import annotations

import logging
import shutil

from hookserver.changes.effects import Change, Effect, outdated, shown
from hookserver.config.secrets import secrets_of
from hookserver.deploy_log import DeployLog
from hookserver.errors import BuildError, DeployFailed, HookserverError, Unhealthy, in_one_line
from hookserver.models import SKIP, Deploy, Push, Release, Status, Trigger
from hookserver.pipeline.context import Parts, Run
from hookserver.pipeline.health_gate import wait_until_healthy
from hookserver.pipeline.steps import build, candidate, check, drain, fetch, prepare, start, switch
from hookserver.pipeline.undo import undo

_STANDBY_DEADLINE = 2.0
"""Seconds in which a standby must answer well to be switched to."""
_TIP_DEADLINE = 5.0


def roll_out(run: Run) -> None:
    """A push goes live."""
    commit, message = fetch(run)
    if _brings_nothing(run, commit, message):
        return
    image = build(run, commit)
    release = candidate(run, commit, image)
    prepare(run, release)
    start(run, release)
    check(run, release)
    before = switch(run, release)
    drain(run, release, before)


def resettle(run: Run) -> None:
    """What serves runs with other settings from now on: the same commit, in containers made anew.

    Its ``prepare`` command ran when the commit went live, and does not run again.
    """
    live = run.parts.store.live_release(run.app.name)
    if live is None:
        run.parts.store.end(run.deploy.number, Status.CANCELLED, "nothing is live that could run with other settings")
        return
    run.parts.store.record_commit(run.deploy.number, live.commit)
    changes = outdated(live.settings, run.parts.recorded(run.app))
    if not changes:
        _serves_already(run, live)
        return
    for change in changes:
        run.log.line(f"{change.key}: {shown(change.before) or 'none'} → {shown(change.after) or 'none'}")
    release = candidate(run, live.commit, _image_for(run, live, changes))
    start(run, release)
    check(run, release)
    before = switch(run, release)
    drain(run, release, before)


def rollback(run: Run) -> None:
    """An earlier release serves again: at once when it stands by, else from its kept image."""
    release = run.parts.store.rollback_target(run.app.name, run.deploy.rollback_to)
    run.parts.store.record_commit(run.deploy.number, release.commit)
    if not _stands_by(run, release):
        release = candidate(run, release.commit, run.parts.images.kept(release.image))
        start(run, release)
        check(run, release)
    before = switch(run, release)
    _note_tip(run)
    drain(run, release, before)


_WAYS = {Trigger.ROLLBACK: rollback, Trigger.SETTINGS: resettle}


def perform(parts: Parts, deploy: Deploy, log: DeployLog) -> None:
    """Run a claimed deploy to its end: live, or failed with the old release still serving."""
    try:
        run = Run(parts, deploy, parts.app(deploy.app), log)
        _WAYS.get(deploy.trigger, roll_out)(run)
    except HookserverError as error:
        _fail(parts, deploy, log, error)
    except Exception as error:
        logging.getLogger("deploy").exception("deploy %d", deploy.number)
        what = f"unexpected {type(error).__name__}: {error}"
        _fail(parts, deploy, log, DeployFailed(what, "Is the disk full? If not, the worker's log has more: report it."))
    finally:
        shutil.rmtree(parts.settings.server.state.work(deploy.number), ignore_errors=True)


def open_log(parts: Parts, deploy: Deploy) -> DeployLog:
    """The deploy's log, which masks what must not be read in it."""
    secrets = secrets_of(parts.app(deploy.app)) if deploy.app in parts.settings.apps else []
    return DeployLog(parts.settings.server.state.log(deploy.number), secrets)


def ending(parts: Parts, number: int) -> str:
    """How a deploy ended, on one line, for who looks after the worker."""
    deploy = parts.store.deploy(number)
    told = f"{deploy.app}: deploy {number}"
    if deploy.status is Status.LIVE:
        live = parts.store.live_release(deploy.app)
        return f"{told} is live: {deploy.commit[:12]}{f' on {live.slot}' if live else ''}"
    why = in_one_line(deploy.reason) if deploy.status is not Status.SUPERSEDED else f"by deploy {deploy.superseded_by}"
    return f"{told} {deploy.status.value.replace('_', ' ')}{f': {why}' if why else ''}"


def _brings_nothing(run: Run, commit: str, message: str) -> bool:
    """A hint that brings nothing new, or asks to be skipped, ends here; what a person asks for by hand is done."""
    if run.deploy.rebuild or run.deploy.asked or run.deploy.trigger in (Trigger.API, Trigger.CLI):
        return False
    release = run.parts.store.live_release(run.app.name)
    if SKIP in message.lower():
        run.log.result(f"skipped: the commit's message says {SKIP}")
        run.parts.store.end(run.deploy.number, Status.CANCELLED, f"the commit's message says {SKIP}")
        if release and outdated(release.settings, run.parts.recorded(run.app)):
            run.parts.store.enqueue_settings(Push(run.app.name, Trigger.SETTINGS))
        return True
    if release is None or release.commit != commit or outdated(release.settings, run.parts.recorded(run.app)):
        return False
    _serves_already(run, release)
    return True


def _serves_already(run: Run, release: Release) -> None:
    run.log.result(f"live: {release.commit[:12]} serves already, since deploy {release.deploy}")
    run.parts.store.go_live(run.deploy.number, None, run.app.release.standby)
    run.parts.store.end(run.deploy.number, Status.LIVE)


def _image_for(run: Run, live: Release, changes: list[Change]) -> str:
    """The very image that serves, unless it is to be built otherwise, or is gone."""
    if not any(change.effect is Effect.REBUILD for change in changes):
        try:
            return run.parts.images.kept(live.image)
        except BuildError as error:
            run.log.line(f"{error.problem}: it is built again")
    return build(run, live.commit)


def _note_tip(run: Run) -> None:
    """What was pushed before a rollback counts as seen: the poll shall not undo it."""
    try:
        tip = run.parts.mirror(run.app, run.deploy.number).tip(_TIP_DEADLINE)
        run.parts.store.record_tip(run.app.name, tip)
    except HookserverError as error:
        run.log.line(f"the branch's tip could not be looked at: {error.problem}")


def _stands_by(run: Run, release: Release) -> bool:
    """Whether all replicas of the standby run, and answer well right now."""
    if release.retired_at is not None:
        return False
    replicas = run.parts.containers.replicas(run.app.name, release.slot)
    running = [replica for replica in replicas if replica.deploy == release.deploy and replica.state == "running"]
    if len(running) != release.replicas:
        return False
    places = run.parts.endpoints(release)
    once = run.app.health.model_copy(
        update={"successes": 1, "deadline": min(_STANDBY_DEADLINE, run.app.health.deadline)}
    )
    try:
        wait_until_healthy(places, once, run.app.domains[0], lambda: None, lambda _line: None)
    except Unhealthy as error:
        run.log.line(f"the standby does not answer well, so its image is started anew: {in_one_line(error.problem)}")
        return False
    return True


def _fail(parts: Parts, deploy: Deploy, log: DeployLog, error: HookserverError) -> None:
    """Report why, and take away what the deploy made; what serves is left alone."""
    log.error(str(error))
    told = log.masked(str(error))
    ended = parts.store.deploy(deploy.number)
    status = ended.status
    if status is Status.RUNNING:
        try:
            undo(parts, deploy)
        except HookserverError as trouble:
            log.error(f"not all of it could be taken away, which is tried again later: {trouble}")
        log.result(f"failed: {in_one_line(error.problem)}")
        parts.store.end(deploy.number, Status.FAILED, told)
    elif status is Status.ROLLED_BACK:
        log.result(in_one_line(error.problem))
        parts.store.end(deploy.number, Status.ROLLED_BACK, ended.reason)
    elif status is Status.LIVE:
        parts.store.end(deploy.number, Status.LIVE, told)
