"""The repositories that are pushed to, made for real."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hookserver.config import Settings, parse
from hookserver.pipeline.context import Context
from hookserver.pipeline.push_repositories import prepare_push_repositories
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from hookserver.wiring import make_context


@pytest.fixture
def settings(state: StateDir) -> Settings:
    text = f'[server]\nstate_dir = "{state.root}"\n'
    for app in ("blog", "shop"):
        text += f'[apps.{app}]\nrepository = "push"\ndomains = ["{app}.test"]\n'
    return parse(text, state.root / "hookserver.toml").settings


@pytest.fixture
def context(settings: Settings) -> Iterator[Context]:
    store = Store(settings.server.state)
    store.sync_apps(settings.apps)
    yield make_context(settings, store)
    store.close()


def test_a_repository_that_cannot_be_prepared_is_reported_and_the_others_are_prepared(
    context: Context, state: StateDir
) -> None:
    odd = state.push_repository("blog")
    odd.mkdir(parents=True)
    (odd / "notes.txt").touch()
    reports: list[str] = []
    prepare_push_repositories(context, reports.append)
    assert (state.push_repository("shop") / "hooks/post-receive").exists()
    assert len(reports) == 1
    assert reports[0].startswith("blog: its repository is not ready for pushes: ")
    assert "is not a bare git repository" in reports[0]


def test_a_token_is_made_for_each_app_kept_and_replaced_once_revoked(context: Context, state: StateDir) -> None:
    prepare_push_repositories(context, pytest.fail)
    token = state.push_token("shop").read_text()
    assert state.push_token("shop").stat().st_mode & 0o777 == 0o600
    assert context.store.token_name(token.strip(), "shop") == "push:shop"
    assert context.store.token_name(token.strip(), "blog") is None
    prepare_push_repositories(context, pytest.fail)
    assert state.push_token("shop").read_text() == token
    context.store.revoke_token("push:shop")
    prepare_push_repositories(context, pytest.fail)
    assert state.push_token("shop").read_text() != token
