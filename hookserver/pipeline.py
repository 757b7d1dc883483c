"""The deploy and the rollback, as ordered steps.

Everything that a step does can be killed at any moment: what it leaves behind is found by its deploy's number
(containers by label, git processes by environment, folders by name), and ``recovery`` finishes or undoes it.
"""

from __future__ import annotations

import functools
import re
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, TypeVar
from urllib.parse import urlsplit

from hookserver.addresses import endpoints
from hookserver.builders import BuildJob, Images
from hookserver.config import AppSettings, Settings
from hookserver.containers import Containers
from hookserver.deploy_log import DeployLog
from hookserver.errors import DeployFailed, HookserverError, Unhealthy
from hookserver.git import Mirror, kill_orphans
from hookserver.health import wait_until_healthy
from hookserver.models import Deploy, Endpoint, Release, Slot, Status, Step, Trigger
from hookserver.nginx import Nginx
from hookserver.store import Store

_SECRET_NAME = re.compile(r"PASS|SECRET|TOKEN|KEY|CREDENTIAL", re.IGNORECASE)
P = ParamSpec("P")
T = TypeVar("T")

FETCH_DEADLINE = 300.0
"""Seconds for each of: the fetch from the remote, the checkout."""
POLL_DEADLINE = 60.0
"""Seconds for a look at the remote's tip."""
STOP_GRACE = 30.0
"""Seconds a replica has for its graceful stop."""


@dataclass(frozen=True)
class Parts:
    """The concrete objects that the steps work with; ``wiring`` makes them."""

    settings: Settings
    numbers: Mapping[str, int]
    store: Store
    images: Images
    containers: Containers
    nginx: Nginx

    def app(self, name: str) -> AppSettings:
        """The app's settings. Raises DeployFailed when the settings file no longer has it."""
        if name not in self.settings.apps:
            raise DeployFailed(
                f"the settings no longer have an app {name!r}", f"Add [apps.{name}] again, or ignore this."
            )
        return self.settings.apps[name]

    def mirror(self, app: AppSettings, deploy: int) -> Mirror:
        """The app's mirror; its git processes carry the deploy's number."""
        state = self.settings.server.state
        remote = str(state.push_repository(app.name)) if app.repository == "push" else app.repository
        return Mirror(state.mirror(app.name), remote, app.branch, self.tag(deploy))

    def tag(self, deploy: int) -> str:
        """What marks the git processes of a deploy of this installation."""
        return f"{self.settings.server.state.root}:{deploy}"

    def endpoints(self, app: AppSettings, slot: Slot) -> list[Endpoint]:
        """Where the replicas of a slot answer."""
        return endpoints(self.settings.docker, app, self.numbers[app.name], slot)


@dataclass(frozen=True)
class Run:
    """One deploy on its way."""

    parts: Parts
    deploy: Deploy
    app: AppSettings
    log: DeployLog


def open_log(parts: Parts, deploy: Deploy) -> DeployLog:
    """The deploy's log, which masks what must not be read in it."""
    secrets: list[str] = []
    if deploy.app in parts.settings.apps:
        app = parts.app(deploy.app)
        hidden = [*app.build.env.items(), *app.tomcat.env.items()]
        secrets = [value for name, value in hidden if _SECRET_NAME.search(name)]
        secrets += [app.webhook_secret.reveal(), urlsplit(app.repository).password or ""]
    return DeployLog(parts.settings.server.state.log(deploy.number), secrets)


def perform(parts: Parts, deploy: Deploy, log: DeployLog) -> None:
    """Run a claimed deploy to its end: live, or failed with the old release still serving."""
    try:
        run = Run(parts, deploy, parts.app(deploy.app), log)
        (rollback if deploy.trigger is Trigger.ROLLBACK else roll_out)(run)
    except HookserverError as error:
        _fail(parts, deploy, log, error)
    finally:
        shutil.rmtree(parts.settings.server.state.work(deploy.number), ignore_errors=True)


def roll_out(run: Run) -> None:
    """A push goes live."""
    commit = fetch(run)
    if _is_live_already(run, commit):
        return
    image = build(run, commit)
    release = start(run, commit, image)
    check(run, release)
    before = switch(run, release)
    drain(run, release, before)


def rollback(run: Run) -> None:
    """An earlier release serves again: at once when it stands by, else from its kept image."""
    release = run.parts.store.rollback_target(run.app.name, run.deploy.rollback_to)
    run.parts.store.found_commit(run.deploy.number, release.commit)
    if not _stands_by(run, release):
        release = start(run, release.commit, run.parts.images.kept(release.image))
        check(run, release)
    before = switch(run, release)
    drain(run, release, before)


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
def fetch(run: Run) -> str:
    """The commit to deploy: the branch's tip now, or the one that was asked for by hand."""
    mirror = run.parts.mirror(run.app, run.deploy.number)
    if run.deploy.commit:
        commit = mirror.resolve(run.deploy.commit, FETCH_DEADLINE)
    else:
        commit = mirror.fetch(FETCH_DEADLINE)
        run.parts.store.saw_tip(run.app.name, commit)
    run.parts.store.found_commit(run.deploy.number, commit)
    run.log.line(f"{commit[:12]} {mirror.subject(commit)}")
    return commit


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


@_step(Step.START, "Starting replicas")
def start(run: Run, commit: str, image: str) -> Release:
    """Fresh replicas in the slot without traffic, beside those that serve."""
    slot = _slot_without_traffic(run)
    retire(run.parts, run.app.name, slot)
    release = Release(run.deploy.number, run.app.name, commit, image, slot)
    run.parts.store.add_release(release)
    run.parts.containers.ensure_network()
    started = run.parts.containers.start(run.app, run.parts.numbers[run.app.name], slot, release)
    run.log.line(f"{slot}: {', '.join(endpoint.name for endpoint in started)}")
    return release


@_step(Step.CHECK, "Checking health")
def check(run: Run, release: Release) -> None:
    """Every replica answers well, several times in a row, before it gets any traffic."""
    places = run.parts.endpoints(run.app, release.slot)
    try:
        wait_until_healthy(places, run.app.health, run.app.domains[0], lambda: _check_alive(run, release), run.log.line)
    except Unhealthy as error:
        raise run.parts.containers.failure(run.app.name, release.slot, release.deploy, error) from error


@_step(Step.SWITCH, "Switching traffic")
def switch(run: Run, release: Release) -> Release | None:
    """Move the traffic, confirmed by Nginx; answers the release that served before."""
    live = run.parts.store.app(run.app.name).live
    before = run.parts.store.release(live) if live is not None else None
    _check_alive(run, release)
    run.parts.nginx.apply(run.parts.numbers)
    run.parts.nginx.switch(run.app.name, release.slot)
    run.log.result(f"live: {release.commit[:12]} on {release.slot}")
    try:
        run.parts.store.go_live(run.deploy.number, release.deploy, run.app.release.standby)
    except HookserverError:
        move_traffic_back(run.parts, run.app.name, before)
        raise
    run.parts.containers.keep_running(run.app.name, release.slot)
    return before


@_step(Step.DRAIN, "Draining the old release")
def drain(run: Run, release: Release, before: Release | None) -> None:
    """Wait until nothing is in flight to the old slot; a new replica that dies meanwhile sends the release back."""
    if before is None:
        run.log.line("there was none")
    else:
        _wait_until_drained(run, release, before)
    run.parts.store.end(run.deploy.number, Status.LIVE)
    _prune_images(run)


def kept_images(store: Store, app: AppSettings) -> set[str]:
    """The images that run or that a rollback may need: of the last ``keep`` releases."""
    served = store.releases(app.name)
    running = {release.image for release in served if release.retired_at is None}
    return running | {release.image for release in served[: app.release.keep]}


def retire(parts: Parts, app: str, slot: Slot) -> None:
    """Stop and remove a slot's replicas; never those that serve."""
    live = parts.store.app(app).live
    gone = [release for release in parts.store.releases(app) if release.slot is slot and release.retired_at is None]
    if any(release.deploy == live for release in gone):
        raise DeployFailed(f"{app} {slot} serves and cannot be retired", "Please report this: it is a defect.")
    parts.containers.stop(app, slot, STOP_GRACE)
    for release in gone:
        parts.store.retired(release.deploy)


def undo(parts: Parts, deploy: Deploy) -> None:
    """Take away what a deploy made that never went live. What has traffic is left alone, whatever the database says."""
    release = parts.store.release(deploy.number)
    if release is not None and parts.nginx.live_slot(deploy.app) is release.slot:
        raise DeployFailed(f"{deploy.app} {release.slot} has traffic and is left alone", "Restart hookserver's worker.")
    kill_orphans(parts.tag(deploy.number))
    parts.images.remove_leftovers(deploy.number)
    parts.containers.remove_deploy(deploy.number)
    parts.store.drop_release(deploy.number)
    shutil.rmtree(parts.settings.server.state.work(deploy.number), ignore_errors=True)


def move_traffic_back(parts: Parts, app: str, before: Release | None) -> None:
    """To the release that served before; to the page that says 503 when none did."""
    if before is None:
        parts.nginx.close(app)
    else:
        parts.nginx.switch(app, before.slot)


def _wait_until_drained(run: Run, release: Release, before: Release) -> None:
    old = run.parts.endpoints(run.app, before.slot)
    began = time.monotonic()
    while in_flight := run.parts.nginx.requests_in_flight(old):
        if time.monotonic() - began > run.app.release.drain:
            run.log.line(
                f"{in_flight} connections are still open after {run.app.release.drain:g} s; no longer waited for"
            )
            break
        try:
            _check_alive(run, release)
        except Unhealthy as error:
            _send_back(run, release, before, error)
        time.sleep(0.1)
    seconds = time.monotonic() - began
    run.log.line(f"drained after {seconds:.1f} s; {before.slot} stands by for {run.app.release.standby:g} s")


def _send_back(run: Run, release: Release, before: Release, error: Unhealthy) -> None:
    """The new release broke right after the switch, while the old one still runs."""
    run.parts.nginx.switch(run.app.name, before.slot)
    run.parts.store.send_back(run.deploy.number, release.deploy, before.deploy, str(error))
    run.parts.containers.stop(run.app.name, release.slot, STOP_GRACE)
    raise DeployFailed(f"sent back to deploy {before.deploy}: {error.problem}", error.remedy) from error


def _slot_without_traffic(run: Run) -> Slot:
    live = run.parts.store.app(run.app.name).live
    release = run.parts.store.release(live) if live is not None else None
    return release.slot.other if release else Slot.BLUE


def _is_live_already(run: Run, commit: str) -> bool:
    """A hint that brings nothing new ends here; what a person asks for by hand is always done."""
    live = run.parts.store.app(run.app.name).live
    release = run.parts.store.release(live) if live is not None else None
    by_hand = run.deploy.rebuild or run.deploy.trigger in (Trigger.API, Trigger.CLI)
    if by_hand or release is None or release.commit != commit:
        return False
    run.log.result(f"live: {commit[:12]} serves already, since deploy {release.deploy}")
    run.parts.store.go_live(run.deploy.number, None, run.app.release.standby)
    run.parts.store.end(run.deploy.number, Status.LIVE)
    return True


def _stands_by(run: Run, release: Release) -> bool:
    if release.retired_at is not None:
        return False
    replicas = run.parts.containers.replicas(run.app.name, release.slot)
    running = [replica for replica in replicas if replica.deploy == release.deploy and replica.state == "running"]
    return len(running) == run.app.replicas


def _check_alive(run: Run, release: Release) -> None:
    run.parts.containers.check_alive(run.app.name, release.slot, release.deploy)


def _prune_images(run: Run) -> None:
    """Old images go, but for the last ``keep`` releases' and those that run."""
    try:
        run.parts.images.prune(run.app, kept_images(run.parts.store, run.app))
    except HookserverError as error:
        run.log.line(f"old images stay for now: {error.problem}")


def _fail(parts: Parts, deploy: Deploy, log: DeployLog, error: HookserverError) -> None:
    """Tell why, and take away what the deploy made; what serves is left alone."""
    log.error(str(error))
    status = parts.store.deploy(deploy.number).status
    if status is Status.RUNNING:
        undo(parts, deploy)
        log.result(f"failed: {error.problem.splitlines()[0]}")
        parts.store.end(deploy.number, Status.FAILED, str(error))
    elif status is Status.LIVE:
        parts.store.end(deploy.number, Status.LIVE, str(error))
