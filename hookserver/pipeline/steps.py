"""The steps of a deploy.

Each can be killed at any moment: what it leaves behind is found by its deploy's number (containers by label, git
processes by environment, folders by name), and ``recovery`` finishes or undoes it.
"""

from __future__ import annotations

import functools
import shlex
import shutil
from collections.abc import Callable
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from hookserver.builders import BuildJob
from hookserver.errors import HookserverError, Unhealthy
from hookserver.models import Release, Slot, Status, Step
from hookserver.pipeline.after_switch import tell_of_sessions, watch
from hookserver.pipeline.context import Run
from hookserver.pipeline.health_gate import wait_until_healthy
from hookserver.pipeline.retire import kept_images, retire
from hookserver.pipeline.standby import active_visitors, sticky_standby, told_of
from hookserver.pipeline.undo import move_traffic_back

P = ParamSpec("P")
T = TypeVar("T")

FETCH_DEADLINE = 1500.0
"""Seconds for each of: the fetch from the remote, a whole history the first time; the checkout. It is within what the
worker grants a deploy beside its build; a connection that is dead is given up much sooner, by git and ssh themselves.
"""


def _step(step: Step, title: str) -> Callable[[Callable[Concatenate[Run, P], T]], Callable[Concatenate[Run, P], T]]:
    """Record the step's times, and tell of it in the log."""

    def decorate(function: Callable[Concatenate[Run, P], T]) -> Callable[Concatenate[Run, P], T]:
        @functools.wraps(function)
        def recorded(run: Run, /, *args: P.args, **kwargs: P.kwargs) -> T:
            run.parts.store.begin_step(run.deploy, step)
            run.log.step(title)
            return function(run, *args, **kwargs)

        return recorded

    return decorate


@_step(Step.FETCH, "Fetching")
def fetch(run: Run) -> tuple[str, str]:
    """The commit to deploy, and its message: the branch's tip now, or the one that was asked for by hand."""
    mirror = run.parts.mirror(run.app, run.deploy.number)
    if run.deploy.asked:
        commit = mirror.resolve(run.deploy.asked, FETCH_DEADLINE)
    else:
        commit = mirror.fetch(FETCH_DEADLINE)
        run.parts.store.record_tip(run.app.name, commit)
    run.parts.store.record_commit(run.deploy.number, commit)
    message = mirror.message(commit)
    run.log.line(f"{commit[:12]} {message.partition(chr(10))[0][:200]}")
    return commit, message


@_step(Step.BUILD, "Building the image")
def build(run: Run, commit: str) -> str:
    """The image for the commit: the one that exists, or a new one from a checkout of exactly this commit."""
    work = run.parts.settings.server.state.work(run.deploy.number)
    shutil.rmtree(work, ignore_errors=True)
    job = BuildJob(run.app, run.deploy.number, commit, work / "source", work, run.deploy.rebuild)
    existing = run.parts.images.existing(job)
    if existing:
        run.log.line(f"an image of {commit[:12]} exists and is used again (--rebuild makes a new one)")
        return existing
    for note in run.parts.mirror(run.app, run.deploy.number).checkout(commit, job.source, FETCH_DEADLINE):
        run.log.line(note)
    return run.parts.images.build(job, run.log)


def prepare(run: Run, release: Release) -> None:
    """The app's own command, such as a database migration, once, while the old release serves."""
    if run.app.release.prepare:
        _prepare(run, release)


@_step(Step.PREPARE, "Preparing")
def _prepare(run: Run, release: Release) -> None:
    run.log.line(f"$ {shlex.join(run.app.release.prepare)}")
    run.parts.containers.prepare(run.app, release, run.log.line)


@_step(Step.START, "Starting replicas")
def start(run: Run, release: Release) -> None:
    """Fresh replicas in the slot without traffic, beside those that serve."""
    slot = release.slot
    _tell_who_loses(run, slot)
    retire(run.parts, run.app.name, slot)
    run.parts.store.add_release(release)
    run.parts.containers.ensure_network()
    started = run.parts.containers.start(run.app, run.parts.numbers[run.app.name], slot, release)
    run.log.line(f"{slot}: {', '.join(endpoint.name for endpoint in started)}")


def _tell_who_loses(run: Run, slot: Slot) -> None:
    """The slot is needed, though it may be held: its visitors' sessions end before their time."""
    held = sticky_standby(run.parts, run.app.name)
    if held is None or held.slot is not slot:
        return
    visitors = active_visitors(run.parts, held)
    run.parts.store.record_lost_sessions(run.deploy.number, visitors)
    run.log.line(f"{slot} is needed: the sessions of deploy {held.deploy} end now ({told_of(visitors)})")


@_step(Step.CHECK, "Checking health")
def check(run: Run, release: Release) -> None:
    """Every replica answers well, several times in a row, before it gets any traffic."""
    places = run.parts.endpoints(release)
    alive = partial(run.parts.containers.check_alive, run.app.name, release.slot, release.deploy)
    gave_up = partial(run.parts.containers.gave_up, run.app, release.slot, release.deploy)
    try:
        wait_until_healthy(places, run.app.health, run.app.domains[0], alive, run.log.line, gave_up)
    except Unhealthy as error:
        raise run.parts.containers.failure(run.app.name, release.slot, release.deploy, error) from error
    tell_of_sessions(run, release.slot)
    if run.app.release.sessions == "replicated":
        run.parts.containers.check_sessions(run.app.name, release.slot, run.deploy.started_at or 0)


@_step(Step.SWITCH, "Switching traffic")
def switch(run: Run, release: Release) -> Release | None:
    """Move the traffic, confirmed by Nginx; answers the release that served before.

    With sticky sessions it serves on those whose sessions it has.
    """
    before = run.parts.store.live_release(run.app.name)
    if run.parts.apply_nginx(release):
        run.log.line("Nginx is reloaded: the settings, or the number of replicas, change its text")
    for line in run.parts.nginx.unreached(run.app.name):
        run.log.line(line)
    sticky_seconds = run.app.release.sticky_seconds if before else 0.0
    run.parts.nginx.switch(run.app.name, release.slot, hold=sticky_seconds > 0)
    run.log.result(f"live: {release.commit[:12]} on {release.slot}")
    try:
        run.parts.store.go_live(run.deploy.number, release.deploy, run.app.release.standby, sticky_seconds)
    except HookserverError:
        move_traffic_back(run.parts, run.app.name, before)
        raise
    run.parts.containers.keep_running(run.app.name, release.slot)
    return before


@_step(Step.DRAIN, "Draining the old release")
def drain(run: Run, release: Release, before: Release | None) -> None:
    """Wait until nothing is in flight to the old slot; a new replica that dies meanwhile sends the release back.

    What its visitors go on asking a held slot never ends: that is waited for when it is retired.
    """
    if before is None:
        run.log.line("there was none")
    else:
        watch(run, release, before)
    _prune_images(run)
    run.parts.store.end(run.deploy.number, Status.LIVE)


def candidate(run: Run, commit: str, image: str) -> Release:
    """What this deploy makes: an image to run in the slot without traffic."""
    live = run.parts.store.live_release(run.app.name)
    serving = live.slot if live else run.parts.nginx.live_slot(run.app.name)
    slot = serving.other if serving else Slot.BLUE
    return Release(
        run.deploy.number,
        run.app.name,
        commit,
        image,
        slot,
        run.app.replicas,
        settings=run.parts.recorded(run.app),
    )


def _prune_images(run: Run) -> None:
    """Old images go, but for the last ``keep`` releases' and those that run."""
    try:
        run.parts.images.prune(run.app, kept_images(run.parts.store, run.app))
    except HookserverError as error:
        run.log.line(f"old images stay for now: {error.problem}")
