"""The access rights below ``state_dir``."""

from __future__ import annotations

import os
import pwd
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hookserver.deploy_log import DeployLog
from hookserver.errors import StoreError
from hookserver.models import Push, Trigger
from hookserver.state.atomic_write import OWNER_ONLY, write_atomically
from hookserver.state.permissions import prepare
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
    beside = {path.name: path.stat().st_mode & 0o777 for path in state.database.parent.iterdir()}
    assert beside == dict.fromkeys(("hookserver.db", "hookserver.db-wal", "hookserver.db-shm"), 0o600)
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


@pytest.fixture
def web_user() -> pwd.struct_passwd:
    if os.geteuid() != 0:
        pytest.skip("only root can give rights to another user")
    return pwd.getpwnam("nobody")


def as_web_user(user: pwd.struct_passwd, script: str, *arguments: object) -> str:
    """What a Python script prints that runs as the user, with nothing but the standard library."""
    command = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "/usr/bin/env"]
    command += [os.path.realpath(sys.executable), "-I", "-c", script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd="/").stdout.strip()


WRITABLE = "import os, sys; print(*(path for path in sys.argv[1:] if os.access(path, os.W_OK)))"


def test_web_user_may_write_the_database_and_its_sockets_and_nothing_else(web_user: pwd.struct_passwd) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        state = StateDir(Path(folder) / "state")
        prepare(state, web_user)
        store = use(state)
        state.push_token("shop").parent.mkdir()
        write_atomically(state.push_token("shop"), "a token", mode=OWNER_ONLY)
        writable = set(as_web_user(web_user, WRITABLE, state.root, *state.root.rglob("*")).split())
        made = {str(path) for path in state.database.parent.iterdir()}
        sockets = {str(path.parent) for path in (state.web_socket, state.push_socket)}
        assert writable == {str(state.database.parent), *made, *sockets}
        assert as_web_user(web_user, "import sys; print(open(sys.argv[1]).read())", state.log(1)).strip() == "built"
        store.close()


def test_web_user_and_root_both_write_to_the_database_in_any_order(web_user: pwd.struct_passwd) -> None:
    insert = 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute("INSERT INTO t VALUES (1)"); c.commit()'
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        state = StateDir(Path(folder) / "state")
        prepare(state, web_user)
        with closing(sqlite3.connect(state.database)) as root:
            root.execute("PRAGMA journal_mode=WAL")
            root.execute("CREATE TABLE t (x)")
            root.commit()
            as_web_user(web_user, insert, state.database)
            root.execute("INSERT INTO t VALUES (2)")
            root.commit()
        as_web_user(web_user, insert, state.database)
        Store(state).close()
        as_web_user(web_user, insert, state.database)
        with closing(sqlite3.connect(state.database)) as root:
            assert root.execute("SELECT count(*) FROM t").fetchone() == (4,)


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
@pytest.mark.parametrize("hard", [True, False])
def test_link_that_the_web_user_puts_beside_the_database_gives_no_rights(
    suffix: str, hard: bool, web_user: pwd.struct_passwd, tmp_path: Path
) -> None:
    state = StateDir(tmp_path / "state")
    prepare(state, web_user)
    victim = tmp_path / "shadow"
    victim.write_text("root's own")
    victim.chmod(0o600)
    link = state.database.with_name(state.database.name + suffix)
    link.unlink(missing_ok=True)
    (link.hardlink_to if hard else link.symlink_to)(victim)
    with pytest.raises(StoreError):
        prepare(state, web_user)
    found = victim.stat()
    assert (found.st_mode & 0o777, found.st_gid) == (0o600, 0)
    assert victim.read_text() == "root's own"


@pytest.mark.parametrize(("hard", "exists"), [(True, True), (False, True), (False, False)])
def test_link_in_the_place_of_the_database_is_neither_followed_nor_created(
    hard: bool, exists: bool, state: StateDir, tmp_path: Path
) -> None:
    """The store of a running worker connects anew in each of its tasks."""
    store, victim = Store(state), tmp_path / "victim"
    if exists:
        victim.touch()
    state.database.unlink()
    (state.database.hardlink_to if hard else state.database.symlink_to)(victim)
    with pytest.raises(StoreError):
        store.deploys()
    with pytest.raises(StoreError):
        store.enqueue(Push("shop", Trigger.API))
    store.close()
    assert victim.exists() is exists
    assert not exists or victim.stat().st_size == 0
