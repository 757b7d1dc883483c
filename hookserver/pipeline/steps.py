"""The steps of a deploy.

A step can be killed at any moment. What it leaves is found by its deploy's number (containers by label, git processes
by environment, folders by name), and ``recovery`` finishes or undoes it.
"""

from __future__ import annotations

import shlex
import shutil
from functools import partial

from hookserver.builders.job import BuildJob
from hookserver.errors import HookserverError, Unhealthy
from hookserver.models import Release, Slot, Status, Step
from hookserver.pipeline.after_switch import log_session_messages, watch
from hookserver.pipeline.context import DeployContext
from hookserver.pipeline.health_gate import wait_until_healthy
from hookserver.pipeline.liveness import check_alive, gave_up, with_cause
from hookserver.pipeline.retire import kept_images, retire
from hookserver.pipeline.standby import active_visitors, describe_visitors, sticky_standby, traffic_after_switch
from hookserver.pipeline.step_record import recorded_step
from hookserver.pipeline.undo import move_traffic_back
from hookserver.plain_text import cut

FETCH_DEADLINE = 1500.0
"""Seconds for the fetch, a whole history the first time. The worker grants a deploy more beside its build.

A dead connection ends much sooner: see ``git/command.py``.
"""


@recorded_step(Step.FETCH, "Fetching")
def fetch(context: DeployContext) -> tuple[str, str]:
    """The commit to deploy, and its message: the requested commit, else the branch's tip of now.

    Raises GitError when the remote does not send it.
    """
    mirror = context.mirror(context.app, context.deploy.number)
    if context.deploy.requested_commit:
        commit = mirror.resolve(context.deploy.requested_commit, FETCH_DEADLINE)
    else:
        commit = mirror.fetch(FETCH_DEADLINE)
        context.store.record_tip(context.app.name, commit)
    context.store.record_commit(context.deploy.number, commit)
    message = mirror.message(commit)
    context.log.line(f"{commit[:12]} {cut(message.partition(chr(10))[0], 200)}")
    return commit, message


@recorded_step(Step.BUILD, "Building the image")
def build(context: DeployContext, commit: str) -> str:
    """The id of the commit's image: an existing one, or a new one from a checkout of exactly this commit.

    ``build.timeout`` is the time for all of it. Raises BuildError with the cause, GitError when the checkout fails,
    DeployFailed when no addresses are left.
    """
    work = context.settings.server.state.work(context.deploy.number)
    shutil.rmtree(work, ignore_errors=True)
    app, number, subnet = context.app, context.deploy.number, context.subnet(context.app.name)
    job = BuildJob(app, number, commit, work / "source", work, subnet, context.deploy.rebuild)
    if image := context.images.existing(job):
        context.log.line(f"an image of {commit[:12]} exists and is used again (--rebuild makes a new one)")
        return image
    for note in context.mirror(context.app, context.deploy.number).checkout(commit, job.source, job.seconds_left()):
        context.log.line(note)
    return context.images.build(job, context.log)


def new_release(context: DeployContext, commit: str, image: str) -> Release:
    """The release that this deploy makes: the image, in the slot without traffic, with the settings of now."""
    live = context.store.live_release(context.app.name)
    live_slot = live.slot if live else context.traffic.get(context.app.name).live
    return Release(
        deploy=context.deploy.number,
        app=context.app.name,
        commit=commit,
        image=image,
        slot=live_slot.other if live_slot else Slot.BLUE,
        replicas=context.app.replicas,
        settings=context.recorded(context.app),
    )


def prepare(context: DeployContext, release: Release) -> None:
    """Run the app's own command, such as a database migration, while the old release is live; if it has one.

    Raises ContainerError with the command's last lines when it fails.
    """
    if context.app.release.prepare:
        _prepare(context, release)


@recorded_step(Step.PREPARE, "Preparing")
def _prepare(context: DeployContext, release: Release) -> None:
    context.log.line(f"$ {shlex.join(context.app.release.prepare)}")
    context.runtime.prepare(context.app, release, context.subnet(release.app), context.log.line)


@recorded_step(Step.START, "Starting replicas")
def start(context: DeployContext, release: Release) -> None:
    """Start new replicas in the slot without traffic, beside the live ones. A standby there is retired first.

    Raises ContainerError when one cannot be started; then none is left.
    """
    _record_lost_sessions(context, release.slot)
    retire(context, context.app.name, release.slot)
    context.store.add_release(release)
    endpoints = context.endpoints(release)
    context.runtime.start(context.app, release, endpoints)
    context.log.line(f"{release.slot}: {', '.join(endpoint.name for endpoint in endpoints)}")


def _record_lost_sessions(context: DeployContext, slot: Slot) -> None:
    """Record how many visitors lose their sessions because the deploy needs the slot of the sticky standby."""
    standby = sticky_standby(context, context.app.name)
    if standby is None or standby.slot is not slot:
        return
    visitors = active_visitors(context, standby)
    context.store.record_lost_sessions(context.deploy.number, visitors)
    context.log.line(
        f"{slot} is needed: the sessions of deploy {standby.deploy} end now ({describe_visitors(visitors)})"
    )


@recorded_step(Step.CHECK, "Checking health")
def check(context: DeployContext, release: Release) -> None:
    """Wait until every replica answers well, several times in a row. None gets traffic before that.

    Raises Unhealthy with the cause when one does not.
    """
    app, runtime = context.app, context.runtime
    alive = partial(check_alive, runtime, release)
    given_up = partial(gave_up, runtime, release, app.tomcat.context_path)
    try:
        wait_until_healthy(context.endpoints(release), app.health, app.domains[0], alive, context.log.line, given_up)
    except Unhealthy as error:
        raise with_cause(runtime, release, error) from error
    log_session_messages(context, release.slot)


@recorded_step(Step.SWITCH, "Switching traffic")
def switch(context: DeployContext, release: Release) -> Release | None:
    """Move the traffic to the release, confirmed by Nginx; the release that was live before, None: there was none.

    With sticky sessions, that one still serves the visitors whose sessions it holds; with shared ones, both can use
    those that are stored, whatever users they run as. Raises NginxError when the switch is not confirmed, StoreError
    when it cannot be recorded, ContainerError before it; the traffic is then where it was.
    """
    app = context.app
    before = context.store.live_release(app.name)
    if app.release.sessions == "shared":
        for line in context.runtime.share_sessions(app.name, release.slot):
            context.log.line(f"NOTE: {line}")
    if context.apply_nginx(release):
        context.log.line("Nginx is reloaded: the settings, or the number of replicas, change its text")
    for line in context.traffic.unreached(app.name):
        context.log.line(line)
    sticky_seconds = app.release.sticky_seconds if before else 0.0
    # Traffic before the database: a deploy that is killed in between is finished by the flag, which is the truth.
    context.traffic.set(app.name, traffic_after_switch(release, sticky_seconds))
    context.log.result(f"live: {release.commit[:12]} on {release.slot}")
    try:
        context.store.go_live(context.deploy.number, release.deploy, app.release.standby, sticky_seconds)
    except HookserverError:
        move_traffic_back(context, app.name, before)
        raise
    # Only now: a candidate that Docker restarts would hide its crash from the health check.
    context.runtime.keep_running(app.name, release.slot)
    return before


@recorded_step(Step.DRAIN, "Draining the old release")
def drain(context: DeployContext, release: Release, before: Release | None) -> None:
    """Wait until no request is in flight to the old slot, then end the deploy.

    A sticky standby drains later, when it is retired. Raises DeployFailed when a new replica dies meanwhile; the old
    release is then live again.
    """
    if before is None:
        context.log.line("no previous release to drain")
    else:
        watch(context, release, before)
    _prune_images(context)
    context.store.end(context.deploy.number, Status.LIVE)


def _prune_images(context: DeployContext) -> None:
    """Remove old images, except those of the last ``keep`` releases and those that run."""
    try:
        context.images.prune(context.app, kept_images(context.store, context.app))
    except HookserverError as error:
        context.log.line(f"old images stay for now: {error.problem}")
