"""The access rights below ``state_dir``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hookserver.deploy_log import DeployLog
from hookserver.errors import StoreError
from hookserver.state.state_dir import StateDir
from hookserver.store import Store


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def readable_by_others(root: Path) -> list[Path]:
    """What others reach by folders they may enter, and can read."""
    if not root.stat().st_mode & 0o001:
        return []
    inside = [root, *root.iterdir()]
    below = [path for folder in inside[1:] if folder.is_dir() for path in readable_by_others(folder)]
    files = [path for path in inside[1:] if not path.is_dir()]
    return [path for path in (root, *files) if path.stat().st_mode & 0o044] + below


def use(state: StateDir) -> Store:
    """A store that has written, and a deploy's log."""
    store = Store(state)
    store.upgrade()
    store.sync_apps(["shop"])
    log = DeployLog(state.log(1))
    log.line("built")
    log.close()
    return store


def test_others_can_only_pass_through_to_the_flags(tmp_path: Path) -> None:
    state = StateDir(tmp_path / "a" / "state")
    store = use(state)
    tmp_path.chmod(0o755)
    assert readable_by_others(state.root) == []
    assert state.root.stat().st_mode & 0o777 == 0o711
    assert {path.name for path in state.root.glob("*.db*")} == {
        "hookserver.db",
        "hookserver.db-wal",
        "hookserver.db-shm",
    }
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in (*state.root.glob("*.db*"), state.log(1)))
    store.close()


def test_start_narrows_rights_that_were_too_wide(tmp_path: Path) -> None:
    state = StateDir(tmp_path / "state")
    before = use(state)
    for path in (state.root, *state.root.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    Store(state).close()
    assert readable_by_others(state.root) == []
    before.close()


def test_existing_folder_keeps_its_mode(tmp_path: Path) -> None:
    root = tmp_path / "shared"
    root.mkdir()
    root.chmod(0o755)
    Store(StateDir(root)).close()
    assert root.stat().st_mode & 0o777 == 0o755


def test_push_repository_keeps_the_mode_that_lets_others_push(tmp_path: Path) -> None:
    state = StateDir(tmp_path / "state")
    use(state).close()
    repository = state.push_repository("shop")
    repository.mkdir(parents=True)
    repository.chmod(0o2775)
    Store(state).close()
    assert repository.stat().st_mode & 0o7777 == 0o2775


def test_error_for_a_folder_that_cannot_be_created_has_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be created or entered") as caught:
        Store(StateDir(tmp_path / "file" / "state"))
    assert "set server.state_dir to another folder" in caught.value.remedy
