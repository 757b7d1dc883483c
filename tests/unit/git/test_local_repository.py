"""Who reads a repository of this machine."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from hookserver.errors import GitError
from hookserver.git.local_repository import Reader, find_reader, settings_for_reading

NOBODY = pwd.getpwnam("nobody").pw_uid
ADA, STAFF = 23001, 23002


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A bare repository's folders, root's own."""
    for part in ("objects/info", "objects/pack", "refs/heads"):
        (tmp_path / "srv/shop.git" / part).mkdir(parents=True)
    return tmp_path / "srv/shop.git"


def test_roots_own_repository_is_read_as_root(repository: Path) -> None:
    assert find_reader(repository) is None


def test_repository_is_read_as_its_owner(repository: Path) -> None:
    os.chown(repository, ADA, STAFF)
    assert find_reader(repository) == Reader(ADA, STAFF)


def test_owner_of_a_folder_above_is_the_reader_whatever_they_put_there(repository: Path, tmp_path: Path) -> None:
    os.chown(repository.parent, ADA, STAFF)
    assert find_reader(repository) == Reader(ADA, STAFF)
    (tmp_path / "mirrors").mkdir()
    (repository.parent / "link.git").symlink_to(tmp_path / "mirrors")
    assert find_reader(repository.parent / "link.git") == Reader(ADA, STAFF)


def test_link_of_another_user_is_read_as_that_user(repository: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.git"
    link.symlink_to(repository)
    assert find_reader(link) is None
    os.chown(link, ADA, STAFF, follow_symlinks=False)
    assert find_reader(link) == Reader(ADA, STAFF)


def test_links_of_roots_are_followed_to_who_may_write_there(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "relative").symlink_to("srv/../srv")
    os.chown(repository, ADA, STAFF)
    assert find_reader(tmp_path / "relative/shop.git") == Reader(ADA, STAFF)
    (tmp_path / "circle").symlink_to("circle")
    assert find_reader(tmp_path / "circle") in (None, Reader(NOBODY, 0))


@pytest.mark.parametrize("part", [".", "objects", "objects/info", "objects/pack", "refs", "refs/heads"])
def test_repository_that_root_shares_is_read_as_nobody_with_its_group(repository: Path, part: str) -> None:
    os.chown(repository, -1, STAFF)
    (repository / part).chmod(0o2775)
    assert find_reader(repository) == Reader(NOBODY, STAFF)


def test_repository_with_a_link_in_it_is_not_read_as_root(repository: Path, tmp_path: Path) -> None:
    (repository / "objects").rename(tmp_path / "objects")
    (repository / "objects").symlink_to(tmp_path / "objects")
    assert find_reader(repository) == Reader(NOBODY, 0)


def test_sticky_folder_above_does_not_count(repository: Path) -> None:
    repository.parent.chmod(0o1777)
    assert find_reader(repository) is None


@pytest.mark.parametrize("file", ["objects/info/alternates", "objects/info/http-alternates"])
def test_repository_that_borrows_objects_is_refused_with_the_remedy(repository: Path, file: str) -> None:
    (repository / file).symlink_to("/nowhere")
    with pytest.raises(GitError, match="borrows objects of another repository") as caught:
        settings_for_reading(repository, "tag")
    assert "git repack -a -d" in caught.value.remedy
