"""The repositories that are pushed to, made for real."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hookserver.config import Settings, parse
from hookserver.models import Scope
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


def test_a_token_is_made_for_each_app_and_kept_while_it_is_valid(context: Context, state: StateDir) -> None:
    prepare_push_repositories(context, pytest.fail)
    file, text = state.push_token("shop"), state.push_token("shop").read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    token = context.store.find_token(text.strip())
    assert token is not None
    assert (token.name, token.app, token.scope) == ("push:shop", "shop", Scope.DEPLOY)
    prepare_push_repositories(context, pytest.fail)
    assert file.read_text() == text
    context.store.revoke_token("push:shop")
    prepare_push_repositories(context, pytest.fail)
    assert context.store.find_token(file.read_text().strip())


@pytest.mark.parametrize("stale", [None, "hs_of_another_time\n", "\xff"])
def test_a_token_file_that_is_gone_or_has_another_text_is_written_again(
    context: Context, state: StateDir, stale: str | None
) -> None:
    prepare_push_repositories(context, pytest.fail)
    file = state.push_token("shop")
    first = file.read_text().strip()
    file.unlink()
    if stale is not None:
        file.write_bytes(stale.encode("latin-1"))
    prepare_push_repositories(context, pytest.fail)
    assert context.store.find_token(file.read_text().strip())
    assert context.store.find_token(first) is None


def test_a_token_of_an_administrator_is_not_used_for_pushes(context: Context, state: StateDir) -> None:
    state.push_token("shop").parent.mkdir()
    state.push_token("shop").write_text(context.store.create_token("ada", "shop", Scope.ADMIN))
    prepare_push_repositories(context, pytest.fail)
    token = context.store.find_token(state.push_token("shop").read_text().strip())
    assert token is not None
    assert token.scope is Scope.DEPLOY
