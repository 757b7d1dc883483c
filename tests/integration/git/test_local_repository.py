"""A local repository shows root's git no more than its writers can read themselves."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hookserver.errors import GitError
from hookserver.git import Mirror
from tests.integration.git.conftest import Source, git

Make = Callable[..., Mirror]
ADA = 23001


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter; pytest's own are root's alone."""
    folder = Path(tempfile.mkdtemp(prefix="hookserver-it-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def adas(source: Source, open_folder: Path) -> Path:
    """The repository of an ordinary user."""
    bare = open_folder / "shop.git"
    shutil.copytree(source.bare, bare)
    give_away(bare)
    return bare


@pytest.fixture
def private(source: Source, tmp_path: Path) -> tuple[Path, str]:
    """Another app's mirror, which only root may enter, and its tip."""
    bare = tmp_path / "private.git"
    shutil.copytree(source.bare, bare)
    clone = tmp_path / "private"
    git(tmp_path, "clone", "--quiet", str(bare), str(clone))
    (clone / "password.txt").write_text("canary")
    git(clone, "add", ".")
    git(clone, "commit", "--quiet", "-m", "secret")
    git(clone, "push", "--quiet", "origin", "HEAD:refs/heads/main")
    return bare, git(clone, "rev-parse", "HEAD")


def give_away(bare: Path) -> None:
    for path in [bare, *bare.rglob("*")]:
        os.chown(path, ADA, ADA, follow_symlinks=False)


def test_repository_of_another_user_is_read_as_that_user(
    adas: Path, source: Source, mirror_of: Make, tmp_path: Path
) -> None:
    adas.chmod(0o700)
    mirror = mirror_of(adas)
    tip = mirror.fetch(20)
    assert tip == mirror.tip(20) == source.git("rev-parse", "HEAD")
    mirror.checkout(tip, tmp_path / "work", 20)


def test_repository_of_hookservers_own_is_read_also_below_a_users_folder(
    source: Source, open_folder: Path, tmp_path: Path
) -> None:
    """The user could replace the whole state_dir."""
    ours = open_folder / "state/repos/shop.git"
    shutil.copytree(source.bare, ours)
    ours.chmod(0o700)
    os.chown(open_folder, ADA, ADA)
    mirror = Mirror(tmp_path / "mirrors/shop.git", str(ours), "main", "git-tests", in_state_dir=True)
    assert mirror.fetch(20) == source.git("rev-parse", "HEAD")


def test_alternates_do_not_show_another_apps_objects(adas: Path, private: tuple[Path, str], mirror_of: Make) -> None:
    other, tip = private
    (adas / "objects/info/alternates").write_text(f"{other}/objects\n")
    (adas / "refs/heads/main").write_text(f"{tip}\n")
    give_away(adas)
    with pytest.raises(GitError, match="borrows objects of another repository"):
        mirror_of(adas).fetch(20)


def test_links_do_not_show_another_apps_objects(
    adas: Path, private: tuple[Path, str], mirror_of: Make, tmp_path: Path
) -> None:
    other, tip = private
    for file in (other / "objects").rglob("*"):
        if file.is_file():
            place = adas / "objects" / file.relative_to(other / "objects")
            place.parent.mkdir(exist_ok=True)
            if not place.exists():
                place.symlink_to(file)
    (adas / "refs/heads/main").write_text(f"{tip}\n")
    give_away(adas)
    with pytest.raises(GitError):
        mirror_of(adas).fetch(20)
    assert "canary" not in written(tmp_path / "state")


def test_link_in_the_place_of_a_repository_does_not_show_another_one(
    adas: Path, private: tuple[Path, str], mirror_of: Make, open_folder: Path
) -> None:
    os.chown(open_folder, ADA, ADA)
    shutil.rmtree(adas)
    adas.symlink_to(private[0])
    with pytest.raises(GitError):
        mirror_of(adas).fetch(20)


def test_nothing_of_the_repository_runs_as_root(adas: Path, mirror_of: Make, open_folder: Path) -> None:
    ran = open_folder / "ran"
    ran.mkdir(mode=0o777)
    ran.chmod(0o777)
    for key in ("uploadpack.packObjectsHook", "core.fsmonitor", "core.sshCommand", "core.gitProxy", "core.pager"):
        git(adas, "-c", "safe.directory=*", "config", key, f"id -u > {ran}/{key}; exec")
    git(adas, "-c", "safe.directory=*", "config", "core.hooksPath", str(adas / "hooks"))
    for name in ("post-checkout", "reference-transaction", "pre-auto-gc", "post-receive", "post-update"):
        hook = adas / "hooks" / name
        hook.write_text(f"#!/bin/sh\nid -u > {ran}/{name}\n")
        hook.chmod(0o755)
    give_away(adas)
    mirror_of(adas).fetch(20)
    assert not [path.name for path in ran.iterdir() if path.read_text().strip() == "0"]


def written(folder: Path) -> str:
    return "".join(path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file())
