from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hookserver.errors import GitError
from hookserver.git import Mirror
from tests.integration.git.conftest import Source, git

Make = Callable[..., Mirror]


@pytest.fixture
def trap(home: Path, tmp_path: Path) -> Path:
    """A file that appears when anything of the user's configuration runs at our checkout."""
    ran = tmp_path / "ran"
    hooks = home / "hooks"
    hooks.mkdir()
    for name in ("post-checkout", "reference-transaction", "post-index-change"):
        (hooks / name).write_text(f"#!/bin/sh\necho {name} >> {ran}\n")
        (hooks / name).chmod(0o755)
    (home / ".gitconfig").write_text(
        f'[filter "lfs"]\n\tsmudge = "echo filter >> {ran}; cat"\n\trequired = true\n'
        f'[core]\n\thooksPath = {hooks}\n\tfsmonitor = "echo fsmonitor >> {ran}"\n'
        f'[submodule]\n\trecurse = true\n[alias]\n\treset = "!echo alias >> {ran}"\n'
    )
    return ran


def checked_out(source: Source, mirror_of: Make, into: Path) -> list[str]:
    mirror = mirror_of(source.bare)
    return mirror.checkout(mirror.fetch(20), into, 20)


def test_checkout_runs_no_filter_hook_or_monitor(source: Source, mirror_of: Make, trap: Path, tmp_path: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    source.commit({".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs\n", "a.bin": pointer})
    notes = checked_out(source, mirror_of, tmp_path / "work")
    assert not trap.exists()
    assert (tmp_path / "work/a.bin").read_text() == pointer
    assert any("LFS" in note for note in notes)


def test_hook_in_the_mirror_does_not_run(source: Source, mirror_of: Make, trap: Path, tmp_path: Path) -> None:
    mirror_of(source.bare).fetch(20)
    hook = tmp_path / "state/mirrors/shop.git/hooks/reference-transaction"
    hook.parent.mkdir()
    hook.write_text(f"#!/bin/sh\ntouch {trap}\n")
    hook.chmod(0o755)
    source.commit({"a": "1"})
    checked_out(source, mirror_of, tmp_path / "work")
    assert not trap.exists()


def test_submodule_is_not_fetched(source: Source, mirror_of: Make, trap: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "evil.git")
    (source.clone / ".gitmodules").write_text(
        f'[submodule "x"]\n\tpath = x\n\turl = {tmp_path}/evil.git\n\tupdate = !touch\n'
    )
    source.git("add", ".gitmodules")
    source.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},x")
    source.git("commit", "--quiet", "-m", "a submodule")
    source.push()
    notes = checked_out(source, mirror_of, tmp_path / "work")
    assert any("submodules are not fetched" in note for note in notes)
    assert list((tmp_path / "work/x").iterdir()) == []
    assert not trap.exists()


def test_link_out_of_the_tree_leads_nowhere(source: Source, mirror_of: Make, tmp_path: Path) -> None:
    (source.clone / "secret").symlink_to("/etc/passwd")
    (source.clone / "up").symlink_to("../../..")
    (source.clone / "fine").symlink_to("pom.xml")
    source.commit({})
    notes = checked_out(source, mirror_of, tmp_path / "work")
    assert (tmp_path / "work/secret").read_text() == "/etc/passwd"
    assert not (tmp_path / "work/up").is_symlink()
    assert (tmp_path / "work/fine").is_symlink()
    assert len([note for note in notes if "leads out" in note]) == 2


def test_tree_with_a_git_folder_of_its_own_is_refused(source: Source, mirror_of: Make, tmp_path: Path) -> None:
    blob = source.git("hash-object", "-w", "pom.xml")
    inner = _tree(source, f"100755 blob {blob}\tpost-checkout\n")
    source.git(
        "update-ref", "HEAD", source.git("commit-tree", _tree(source, f"040000 tree {inner}\t.git\n"), "-m", "x")
    )
    source.push()
    with pytest.raises(GitError, match="cannot be checked out"):
        checked_out(source, mirror_of, tmp_path / "work")
    assert not (tmp_path / "work/.git/post-checkout").exists()


def _push_tree(source: Source, tree: str) -> None:
    source.git("update-ref", "HEAD", source.git("commit-tree", tree, "-m", "hostile"))
    source.push()


def _nested(source: Source, innermost: str, name: str, width: int, depth: int) -> str:
    """A few trees, each ``width`` times in the next one."""
    tree = innermost
    for _ in range(depth):
        tree = _tree(source, "".join(f"040000 tree {tree}\t{name}{number}\n" for number in range(width)))
    return tree


@pytest.mark.parametrize(
    ("name", "width", "depth", "has_file"),
    [
        pytest.param("f", 10, 6, True, id="a million files in seven objects"),
        pytest.param("f", 10, 12, False, id="folders without a file"),
        pytest.param("f" * 240, 2, 16, True, id="long paths"),
        pytest.param("f", 1, 101, True, id="a deep folder"),
    ],
)
def test_tree_of_too_many_files_is_refused_before_one_is_written(
    source: Source, mirror_of: Make, tmp_path: Path, name: str, width: int, depth: int, has_file: bool
) -> None:
    leaf = f"100644 blob {source.git('hash-object', '-w', 'pom.xml')}\tx\n" if has_file else ""
    _push_tree(source, _nested(source, _tree(source, leaf), name, width, depth))
    mirror = mirror_of(source.bare)
    tip = mirror.fetch(20)
    started = time.monotonic()

    with pytest.raises(GitError, match="it has more than 100000 files"):
        mirror.checkout(tip, tmp_path / "work", 60)
    assert time.monotonic() - started < 30
    assert not any(path.is_file() for path in (tmp_path / "work").rglob("*") if ".git" not in path.parts)


def test_tree_of_too_many_bytes_is_refused_before_one_is_written(
    source: Source, mirror_of: Make, tmp_path: Path
) -> None:
    (source.clone / "large").write_bytes(bytes(30 << 20))
    blob = source.git("hash-object", "-w", "large")
    _push_tree(source, _tree(source, "".join(f"100644 blob {blob}\t{number}\n" for number in range(100))))

    with pytest.raises(GitError, match="more than 100000 files and folders, 2 GB"):
        checked_out(source, mirror_of, tmp_path / "work")
    assert not (tmp_path / "work").exists()


def test_checkout_ends_at_the_deadline(source: Source, mirror_of: Make, tmp_path: Path) -> None:
    blob = source.git("hash-object", "-w", "pom.xml")
    _push_tree(source, _tree(source, "".join(f"100644 blob {blob}\t{number}\n" for number in range(60_000))))
    mirror = mirror_of(source.bare)
    tip = mirror.fetch(20)

    with pytest.raises(GitError, match="did not end within"):
        mirror.checkout(tip, tmp_path / "work", 0.3)


def _tree(source: Source, listing: str) -> str:
    done = subprocess.run(
        ["git", "mktree"], cwd=source.clone, input=listing, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
