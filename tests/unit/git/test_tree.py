from __future__ import annotations

from pathlib import Path

from hookserver.git.tree import tame


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
