"""A pipeline whose runtime, images and traffic are the test's; its store, folders and log are real."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from hookserver.config import Settings, parse
from hookserver.deploy_log import DeployLog
from hookserver.models import Deploy, Push, Release, Slot, Status, TrafficState, Trigger
from hookserver.pipeline.context import Context, DeployContext
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from tests.fakes import FakeImages, FakeRuntime, FakeTraffic

COMMIT = "c" * 40


@dataclass
class PipelinePlace:
    """An installation with the apps ``shop`` and ``blog``."""

    settings: Settings
    store: Store
    runtime: FakeRuntime
    images: FakeImages
    traffic: FakeTraffic

    @property
    def context(self) -> Context:
        numbers = self.store.sync_apps(())
        return Context(self.settings, numbers, self.store, self.images, self.runtime, self.traffic)

    def claim(
        self,
        app: str = "shop",
        trigger: Trigger = Trigger.CLI,
        rollback_to: int | None = None,
        *,
        rebuild: bool = False,
    ) -> Deploy:
        """A deploy that has just begun."""
        self.store.enqueue(Push(app, trigger, rollback_to=rollback_to, rebuild=rebuild))
        deploy = self.store.claim(builds=9)
        assert deploy
        return deploy

    def make(self, deploy: Deploy, slot: Slot, commit: str = COMMIT) -> Release:
        """The deploy's release, with replicas that run, without traffic."""
        app = self.settings.apps[deploy.app]
        image = f"sha256:{deploy.number}"
        self.images.made[commit] = image
        recorded = self.context.recorded(app)
        made = Release(deploy.number, app.name, commit, image, slot, app.replicas, settings=recorded)
        self.store.add_release(made)
        self.runtime.start(app, made, self.context.endpoints(made))
        return made

    def go_live(self, app: str = "shop", slot: Slot = Slot.BLUE, commit: str = COMMIT, sticky: float = 0.0) -> Release:
        """A deploy of the app that is over and live; what was live before stands by for ten minutes."""
        deploy = self.claim(app)
        made = self.make(deploy, slot, commit)
        self.store.go_live(deploy.number, deploy.number, 600.0, sticky)
        self.store.end(deploy.number, Status.LIVE)
        self.traffic.states[app] = TrafficState(slot, slot.other if sticky else None)
        live = self.store.release(made.deploy)
        assert live
        return live

    @contextmanager
    def running(self, deploy: Deploy) -> Iterator[DeployContext]:
        """The deploy's own context, with a log."""
        log = DeployLog(self.settings.server.state.log(deploy.number))
        try:
            yield self.context.for_deploy(deploy, log)
        finally:
            log.close()

    def log(self, deploy: Deploy) -> str:
        return self.settings.server.state.log(deploy.number).read_text()


@pytest.fixture
def place(state: StateDir) -> Iterator[PipelinePlace]:
    text = f'[server]\nstate_dir = "{state.root}"\n[nginx]\nbinary = "/none"\n'
    for app in ("blog", "shop"):
        text += f'[apps.{app}]\nrepository = "push"\ndomains = ["{app}.test"]\n'
    settings = parse(text, state.root / "hookserver.toml").settings
    store = Store(settings.server.state)
    store.sync_apps(settings.apps)
    yield PipelinePlace(settings, store, FakeRuntime(), FakeImages(), FakeTraffic())
    store.close()


@pytest.fixture
def report() -> list[str]:
    """The messages of a task: ``report.append`` is its report."""
    return []
