"""What a start refuses, and what it goes on from."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hookserver.config import load, parse, record
from hookserver.errors import GitError, SettingsError
from hookserver.models import Push, Release, Slot, Trigger
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from hookserver.wiring import make_context, make_worker
from hookserver.worker.tasks import _poll, _prepare_push_repositories


def test_a_subnet_that_changes_under_apps_that_serve_is_refused_with_the_one_they_serve_on(
    state: StateDir, tmp_path: Path
) -> None:
    file = tmp_path / "hookserver.toml"
    text = f'[server]\nstate_dir = "{state.root}"\n[apps.shop]\nrepository = "push"\ndomains = ["shop.example.com"]\n'
    file.write_text(text)
    store = Store(state)
    store.sync_apps(["shop"])
    store.set_effective_settings(0, record(load(file).settings, "salt"))
    file.write_text(f'{text}[docker]\nsubnet = "10.9.0.0/20"\n')
    make_worker(load(file))
    number = store.enqueue(Push("shop", Trigger.CLI)).deploy
    assert store.claim(builds=1)
    store.add_release(Release(number, "shop", "c" * 40, "sha256:1", Slot.BLUE, 2))
    store.go_live(number, number, standby=0)
    with pytest.raises(SettingsError, match=r"docker.subnet: shop serves on 172\.30\.240\.0/20"):
        make_worker(load(file))
    store.close()


def test_one_repository_that_cannot_be_pushed_to_is_told_and_the_others_are_made(state: StateDir) -> None:
    text = f'[server]\nstate_dir = "{state.root}"\n'
    for app in ("blog", "shop"):
        text += f'[apps.{app}]\nrepository = "push"\ndomains = ["{app}.test"]\n'
    settings = parse(text, state.root / "hookserver.toml").settings
    odd = state.push_repository("blog")
    odd.mkdir(parents=True)
    (odd / "notes.txt").touch()
    store = Store(state)
    store.sync_apps(settings.apps)
    told: list[str] = []
    _prepare_push_repositories(settings, store, told.append)
    store.close()
    assert (state.push_repository("shop") / "hooks/post-receive").exists()
    assert len(told) == 1
    assert told[0].startswith("blog: nobody can push to it now: ")
    assert "no bare git repository" in told[0]


def test_a_repository_that_nothing_was_pushed_to_yet_is_no_failed_poll_for_any_app_that_looks_at_it(
    state: StateDir,
) -> None:
    shared = state.push_repository("shop")
    text = f'[server]\nstate_dir = "{state.root}"\n[apps.shop]\nrepository = "push"\ndomains = ["shop.test"]\n'
    text += f'[apps.stage]\nrepository = "{shared}"\ndomains = ["stage.test"]\n'
    settings = parse(text, state.root / "hookserver.toml").settings
    store = Store(state)
    store.sync_apps(settings.apps)
    told: list[str] = []
    _prepare_push_repositories(settings, store, told.append)
    parts = make_context(settings, store)
    for app in settings.apps.values():
        _poll(parts, app, told.append)
    assert told == []
    assert store.deploys() == []
    shutil.rmtree(shared)
    with pytest.raises(GitError):
        _poll(parts, settings.apps["stage"], told.append)
    store.close()
