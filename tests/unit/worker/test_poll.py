"""Polls of real repositories."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator

import pytest

from hookserver.config import Settings, parse
from hookserver.errors import GitError
from hookserver.models import Trigger
from hookserver.pipeline.context import Context
from hookserver.pipeline.push_repositories import prepare_push_repositories
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from hookserver.wiring import make_context
from hookserver.worker.poll import poll


@pytest.fixture
def settings(state: StateDir) -> Settings:
    """Two apps, of which one is pushed to, and the other polls the same repository."""
    text = f'[server]\nstate_dir = "{state.root}"\n[apps.shop]\nrepository = "push"\ndomains = ["shop.test"]\n'
    text += f'[apps.stage]\nrepository = "{state.push_repository("shop")}"\ndomains = ["stage.test"]\n'
    return parse(text, state.root / "hookserver.toml").settings


@pytest.fixture
def context(settings: Settings) -> Iterator[Context]:
    store = Store(settings.server.state)
    store.sync_apps(settings.apps)
    made = make_context(settings, store)
    prepare_push_repositories(made, pytest.fail)
    yield made
    store.close()


def commit(settings: Settings) -> str:
    """A first commit on the branch of the repository that is pushed to."""

    def git(*arguments: str) -> str:
        names = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
        command = ["git", "-C", str(settings.server.state.push_repository("shop")), *names, *arguments]
        return subprocess.run(command, input="", capture_output=True, text=True, check=True).stdout.strip()

    made = git("commit-tree", git("mktree"), "-m", "first")
    git("update-ref", f"refs/heads/{settings.apps['shop'].branch}", made)
    return made


def test_a_new_tip_is_deployed_once(context: Context, settings: Settings) -> None:
    tip = commit(settings)
    reports: list[str] = []
    for _ in range(2):
        poll(context, settings.apps["stage"], reports.append)
    assert [(deploy.app, deploy.trigger) for deploy in context.store.deploys()] == [("stage", Trigger.POLL)]
    assert reports == [f"stage: main is at {tip[:12]}, not deployed yet: deploy 1"]


def test_an_empty_repository_is_no_failed_poll_for_any_app_that_polls_it(context: Context, settings: Settings) -> None:
    for app in settings.apps.values():
        poll(context, app, pytest.fail)
    assert context.store.deploys() == []


def test_missing_repository_fails_the_poll(context: Context, settings: Settings) -> None:
    shutil.rmtree(settings.server.state.push_repository("shop"))
    with pytest.raises(GitError):
        poll(context, settings.apps["stage"], pytest.fail)
