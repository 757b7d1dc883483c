"""The remote and the branches of a clone."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.project import inspect_project
from hookserver.project.findings import Evidence
from hookserver.project.repository import branches, origin
from tests.unit.project.trees import plant


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://user:token@git.example.com/acme/shop.git", "https://git.example.com/acme/shop.git"),
        ("git@git.example.com:acme/shop.git", "git@git.example.com:acme/shop.git"),
        ("forge:acme/shop.git", "ssh://forge/acme/shop.git"),
        ("/srv/git/shop.git", "/srv/git/shop.git"),
    ],
)
def test_origin_is_read_without_its_password(tmp_path: Path, url: str, expected: str) -> None:
    config = f'[core]\n\tbare = false\n[remote "backup"]\n\turl = /no\n[remote "origin"]\n\turl = {url}\n'
    files = {
        ".git/config": config,
        ".git/HEAD": "ref: refs/heads/feature/cart\n",
        ".git/refs/remotes/origin/HEAD": "ref: refs/remotes/origin/trunk\n",
    }
    project = inspect_project(plant(tmp_path, files))
    assert project.origin is not None
    assert project.origin.value == expected
    assert [branch.value for branch in project.branches] == ["trunk", "feature/cart"]


def test_relative_origin_becomes_absolute(tmp_path: Path) -> None:
    root = plant(tmp_path / "clone", {".git/config": '[remote "origin"]\nurl = ../shop.git\n', ".git/HEAD": "0" * 40})
    project = inspect_project(root)
    assert project.origin is not None
    assert project.origin.value == str(tmp_path / "shop.git")
    assert project.branches == ()


def test_linked_worktree_uses_the_config_of_its_repository(tmp_path: Path) -> None:
    git = ".git/worktrees/cart"
    files = {
        "main/.git/config": '[remote "origin"]\nurl = https://git.example.com/shop.git\n',
        f"main/{git}/commondir": "../..\n",
        f"main/{git}/HEAD": "ref: refs/heads/cart\n",
        "cart/.git": f"gitdir: ../main/{git}\n",
    }
    root = plant(tmp_path, files) / "cart"
    assert origin(root) == Evidence("https://git.example.com/shop.git", "the git remote origin")
    assert [branch.value for branch in branches(root)] == ["cart"]
