"""The steps of a deploy.

Each can be killed at any moment: what it leaves behind is found by its deploy's number (containers by label, git
processes by environment, folders by name), and ``recovery`` finishes or undoes it.
"""

from __future__ import annotations

import functools
import shlex
import shutil
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from hookserver.builders.job import BuildJob
from hookserver.errors import HookserverError, StoreError, Unhealthy
from hookserver.models import Release, Slot, Status, Step, StepOutcome
from hookserver.pipeline.after_switch import tell_of_sessions, watch
from hookserver.pipeline.context import DeployContext
from hookserver.pipeline.health_gate import wait_until_healthy
from hookserver.pipeline.liveness import check_alive, gave_up, with_cause
from hookserver.pipeline.retire import kept_images, retire
from hookserver.pipeline.standby import active_visitors, sticky_standby, told_of, traffic_after_switch
from hookserver.pipeline.undo import move_traffic_back

P = ParamSpec("P")
T = TypeVar("T")
StepFunction = Callable[Concatenate[DeployContext, P], T]

FETCH_DEADLINE = 1500.0
"""Seconds for each of: the fetch from the remote, a whole history the first time; the checkout. It is within what the
worker grants a deploy beside its build; a connection that is dead is given up much sooner, by git and ssh themselves.
"""


def _step(step: Step, title: str) -> Callable[[StepFunction[P, T]], StepFunction[P, T]]:
    """Record the step's times and its outcome, and name it in the log."""

    def decorate(function: StepFunction[P, T]) -> StepFunction[P, T]:
        @functools.wraps(function)
        def recorded(context: DeployContext, /, *args: P.args, **kwargs: P.kwargs) -> T:
            context.store.begin_step(context.deploy, step)
            context.log.step(title)
            outcome = StepOutcome.FAILED
            try:
                result = function(context, *args, **kwargs)
                outcome = StepOutcome.DONE
            finally:
                with suppress(StoreError):  # the next step, or the deploy's end, closes this one too
                    context.store.end_step(context.deploy.number, outcome)
            return result

        return recorded

    return decorate


@_step(Step.FETCH, "Fetching")
def fetch(context: DeployContext) -> tuple[str, str]:
    """The commit to deploy, and its message: the branch's tip now, or the one that was asked for by hand."""
    mirror = context.mirror(context.app, context.deploy.number)
    if context.deploy.requested_commit:
        commit = mirror.resolve(context.deploy.requested_commit, FETCH_DEADLINE)
    else:
        commit = mirror.fetch(FETCH_DEADLINE)
        context.store.record_tip(context.app.name, commit)
    context.store.record_commit(context.deploy.number, commit)
    message = mirror.message(commit)
    context.log.line(f"{commit[:12]} {message.partition(chr(10))[0][:200]}")
    return commit, message


@_step(Step.BUILD, "Building the image")
def build(context: DeployContext, commit: str) -> str:
    """The image for the commit: the one that exists, or a new one from a checkout of exactly this commit."""
    work = context.settings.server.state.work(context.deploy.number)
    shutil.rmtree(work, ignore_errors=True)
    job = BuildJob(context.app, context.deploy.number, commit, work / "source", work, context.deploy.rebuild)
    existing = context.images.existing(job)
    if existing:
        context.log.line(f"an image of {commit[:12]} exists and is used again (--rebuild makes a new one)")
        return existing
    for note in context.mirror(context.app, context.deploy.number).checkout(commit, job.source, FETCH_DEADLINE):
        context.log.line(note)
    return context.images.build(job, context.log)


def prepare(context: DeployContext, release: Release) -> None:
    """The app's own command, such as a database migration, once, while the old release serves."""
    if context.app.release.prepare:
        _prepare(context, release)


@_step(Step.PREPARE, "Preparing")
def _prepare(context: DeployContext, release: Release) -> None:
    context.log.line(f"$ {shlex.join(context.app.release.prepare)}")
    context.runtime.prepare(context.app, release, context.log.line)


@_step(Step.START, "Starting replicas")
def start(context: DeployContext, release: Release) -> None:
    """Fresh replicas in the slot without traffic, beside those that serve."""
    slot = release.slot
    _tell_who_loses(context, slot)
    retire(context, context.app.name, slot)
    context.store.add_release(release)
    endpoints = context.endpoints(release)
    context.runtime.start(context.app, release, endpoints)
    context.log.line(f"{slot}: {', '.join(endpoint.name for endpoint in endpoints)}")


def _tell_who_loses(context: DeployContext, slot: Slot) -> None:
    """The slot is needed, though it may be held: its visitors' sessions end before their time."""
    held = sticky_standby(context, context.app.name)
    if held is None or held.slot is not slot:
        return
    visitors = active_visitors(context, held)
    context.store.record_lost_sessions(context.deploy.number, visitors)
    context.log.line(f"{slot} is needed: the sessions of deploy {held.deploy} end now ({told_of(visitors)})")


@_step(Step.CHECK, "Checking health")
def check(context: DeployContext, release: Release) -> None:
    """Every replica answers well, several times in a row, before it gets any traffic."""
    app, runtime = context.app, context.runtime
    alive = partial(check_alive, runtime, release)
    never_healthy = partial(gave_up, runtime, release, app.tomcat.context_path)
    try:
        wait_until_healthy(
            context.endpoints(release), app.health, app.domains[0], alive, context.log.line, never_healthy
        )
    except Unhealthy as error:
        raise with_cause(runtime, release, error) from error
    tell_of_sessions(context, release.slot)
    if context.app.release.sessions == "replicated":
        context.runtime.check_sessions(context.app.name, release.slot, context.deploy.started_at or 0)


@_step(Step.SWITCH, "Switching traffic")
def switch(context: DeployContext, release: Release) -> Release | None:
    """Move the traffic, confirmed by Nginx; answers the release that served before.

    With sticky sessions it serves on those whose sessions it has.
    """
    before = context.store.live_release(context.app.name)
    if context.apply_nginx(release):
        context.log.line("Nginx is reloaded: the settings, or the number of replicas, change its text")
    for line in context.traffic.unreached(context.app.name):
        context.log.line(line)
    sticky_seconds = context.app.release.sticky_seconds if before else 0.0
    context.traffic.set(context.app.name, traffic_after_switch(release, sticky_seconds))
    context.log.result(f"live: {release.commit[:12]} on {release.slot}")
    try:
        context.store.go_live(context.deploy.number, release.deploy, context.app.release.standby, sticky_seconds)
    except HookserverError:
        move_traffic_back(context, context.app.name, before)
        raise
    context.runtime.keep_running(context.app.name, release.slot)
    return before


@_step(Step.DRAIN, "Draining the old release")
def drain(context: DeployContext, release: Release, before: Release | None) -> None:
    """Wait until nothing is in flight to the old slot; a new replica that dies meanwhile sends the release back.

    What its visitors go on asking a held slot never ends: that is waited for when it is retired.
    """
    if before is None:
        context.log.line("no previous release to drain")
    else:
        watch(context, release, before)
    _prune_images(context)
    context.store.end(context.deploy.number, Status.LIVE)


def candidate(context: DeployContext, commit: str, image: str) -> Release:
    """What this deploy makes: an image to run in the slot without traffic."""
    live = context.store.live_release(context.app.name)
    serving = live.slot if live else context.traffic.get(context.app.name).live
    slot = serving.other if serving else Slot.BLUE
    return Release(
        context.deploy.number,
        context.app.name,
        commit,
        image,
        slot,
        context.app.replicas,
        settings=context.recorded(context.app),
    )


def _prune_images(context: DeployContext) -> None:
    """Old images go, but for the last ``keep`` releases' and those that run."""
    try:
        context.images.prune(context.app, kept_images(context.store, context.app))
    except HookserverError as error:
        context.log.line(f"old images stay for now: {error.problem}")
