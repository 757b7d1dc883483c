"""A hostile source is read and sent without following anything out of it."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from hookserver.builders.running import source


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    made = tmp_path / "source"
    (made / "web").mkdir(parents=True)
    (made / "pom.xml").write_text("<project/>")
    (made / "web" / "a.war").write_text("war")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.war").write_text("canary")
    (made / "out").symlink_to(tmp_path / "outside")
    (made / "link.war").symlink_to(tmp_path / "outside" / "secret.war")
    (made / "inner.war").symlink_to("web/a.war")
    (made / "loop").symlink_to("loop")
    os.mkfifo(made / "pipe")
    return made


def test_file_is_found_inside_the_source_only(tree: Path) -> None:
    assert source.find_file(tree, "pom.xml") == tree / "pom.xml"
    assert source.find_file(tree, "inner.war") == tree / "web" / "a.war"
    for name in ("link.war", "out/secret.war", "../outside/secret.war", "loop", "pipe", "web", "none"):
        assert source.find_file(tree, name) is None


def test_missing_file_reads_as_empty(tree: Path) -> None:
    assert source.read_text(tree, "pom.xml") == "<project/>"
    assert source.read_text(tree, "link.war") == ""


def test_files_are_listed_without_symlinks(tree: Path) -> None:
    assert list(source.list_files(tree, ".war")) == ["web/a.war"]


def test_packed_source_has_symlinks_as_such_and_no_pipes(tree: Path, tmp_path: Path) -> None:
    with source.pack_source(tree, tmp_path, "source") as packed, tarfile.open(fileobj=packed) as archive:
        members = {member.name: member for member in archive}
    assert members["source/link.war"].issym()
    assert members["source/out"].issym()
    assert "source/out/secret.war" not in members
    assert "source/pipe" not in members
    assert all((member.uid, member.gid, member.uname) == (0, 0, "") for member in members.values())
