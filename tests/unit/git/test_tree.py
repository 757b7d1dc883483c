from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookserver.errors import GitError
from hookserver.git.tree import ENTRIES, SIZE, check_listing, tame


def test_link_out_of_the_tree_becomes_a_plain_file_and_others_stay(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "deep").mkdir(parents=True)
    (tree / "inside.txt").write_text("x")
    (tree / "deep/good").symlink_to("../inside.txt")
    (tree / "deep/absolute").symlink_to("/etc/passwd")
    (tree / "deep/climbing").symlink_to("../../outside")
    (tree / "chain").symlink_to("deep/absolute")
    notes = tame(tree)
    assert (tree / "deep/good").is_symlink()
    assert (tree / "deep/absolute").read_text() == "/etc/passwd"
    assert (tree / "deep/climbing").read_text() == "../../outside"
    assert not any(path.is_symlink() and not path.resolve().is_relative_to(tree) for path in tree.rglob("*"))
    assert len(notes) in (2, 3)


def test_linked_folder_is_not_entered(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "link").symlink_to("/etc/passwd")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "folder").symlink_to(outside)
    tame(tree)
    assert (outside / "link").is_symlink()


def test_notes_name_submodules_and_lfs_files(tmp_path: Path) -> None:
    (tmp_path / ".gitmodules").write_text("")
    (tmp_path / ".gitattributes").write_text("*.bin filter=lfs diff=lfs\n")
    submodules, lfs = tame(tmp_path)
    assert "submodules are not fetched" in submodules
    assert "LFS" in lfs


def test_chains_and_circles_of_links_are_cut_at_once(tmp_path: Path) -> None:
    (tmp_path / "0").write_text("x")
    for number in range(1, 1500):
        (tmp_path / f"{number}").symlink_to(f"{number - 1}")
    (tmp_path / "d0").mkdir()
    for number in range(1, 60):
        (tmp_path / f"d{number}").symlink_to(f"d{number - 1}/../d{number - 1}")
    (tmp_path / "loop").symlink_to("loop")
    started = time.monotonic()

    tame(tmp_path)
    assert time.monotonic() - started < 10
    assert (tmp_path / "loop").is_file()
    assert (tmp_path / "1").is_symlink()
    assert all(path.resolve().is_relative_to(tmp_path) for path in tmp_path.iterdir())


def test_large_attributes_are_read_in_part(tmp_path: Path) -> None:
    with (tmp_path / ".gitattributes").open("wb") as file:
        file.truncate(1 << 40)

    assert tame(tmp_path) == []


def _listed(count: int, size: int) -> str:
    return f"100644 blob {'a' * 40} {size:7}\tf\0" * count


def test_listing_within_the_limits_is_accepted() -> None:
    check_listing(_listed(ENTRIES - 1, SIZE // ENTRIES) + f"040000 tree {'a' * 40}       -\td", "c" * 40)


@pytest.mark.parametrize(
    "listing",
    [_listed(ENTRIES + 1, 0), _listed(2, SIZE // 2 + 1), "\t" + "a/" * 101],
    ids=["entries", "bytes", "depth"],
)
def test_listing_beyond_a_limit_is_refused(listing: str) -> None:
    with pytest.raises(GitError, match="cccccccccccc is not checked out: it has more than 100000 files"):
        check_listing(listing, "c" * 40)


@given(st.text(max_size=300))
def test_any_listing_is_accepted_or_refused(listing: str) -> None:
    check_listing(listing, "c" * 40)
