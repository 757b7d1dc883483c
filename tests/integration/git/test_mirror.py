from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from hookserver.errors import EmptyRepository, GitError, NotFound
from hookserver.git import Mirror
from tests.integration.git.conftest import Source, git

DEADLINE = 20.0
Make = Callable[..., Mirror]


def test_checkout_is_exactly_one_commit_with_a_small_git_of_its_own(
    source: Source, mirror_of: Make, tmp_path: Path
) -> None:
    first = source.commit({"src/A.java": "1"})
    source.commit({"src/A.java": "2", "src/B.java": "2"}, "second")
    mirror = mirror_of(source.bare)
    mirror.fetch(DEADLINE)
    tree = tmp_path / "work"
    assert mirror.checkout(first, tree, DEADLINE) == []
    assert (tree / "src/A.java").read_text() == "1"
    assert not (tree / "src/B.java").exists()
    assert git(tree, "rev-list", "--all", "--count") == "1"
    assert git(tree, "rev-parse", "HEAD") == first
    assert git(tree, "symbolic-ref", "HEAD") == "refs/heads/main"
    assert git(tree, "status", "--porcelain") == ""


def test_checkout_removes_what_was_in_the_folder(source: Source, mirror_of: Make, tmp_path: Path) -> None:
    (tmp_path / "work/target").mkdir(parents=True)
    mirror = mirror_of(source.bare)
    mirror.checkout(mirror.fetch(DEADLINE), tmp_path / "work", DEADLINE)
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == [".git", "pom.xml"]


def test_tip_is_the_servers_and_fetch_brings_it(source: Source, mirror_of: Make) -> None:
    mirror = mirror_of(source.bare)
    old = mirror.fetch(DEADLINE)
    new = source.commit({"a": "1"}, "Grün: \u202e\x1b[31mred\nmore")
    assert mirror.tip(DEADLINE) == new != old
    assert mirror.fetch(DEADLINE) == new
    assert mirror.message(new).startswith("Grün: ")
    assert mirror.message(new).replace("\n", "").isprintable()


def test_fetch_follows_a_forced_push(source: Source, mirror_of: Make) -> None:
    mirror = mirror_of(source.bare)
    source.commit({"a": "1"})
    mirror.fetch(DEADLINE)
    source.git("reset", "--quiet", "--hard", "HEAD~1")
    rewritten = source.commit({"a": "2"}, "rewritten")
    assert mirror.fetch(DEADLINE) == rewritten


def test_error_for_a_missing_branch_names_the_others(source: Source, mirror_of: Make) -> None:
    source.push("develop")
    for ask in (mirror_of(source.bare, "master").tip, mirror_of(source.bare, "master").fetch):
        with pytest.raises(GitError, match="no branch master; it has develop, main"):
            ask(DEADLINE)


def test_empty_repository_is_reported(tmp_path: Path, mirror_of: Make) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "empty.git")
    mirror = mirror_of(tmp_path / "empty.git")
    for ask in (mirror.tip, mirror.fetch):
        with pytest.raises(EmptyRepository, match="is empty"):
            ask(DEADLINE)


def test_repository_with_sha_256_names_is_reported(tmp_path: Path, mirror_of: Make) -> None:
    git(tmp_path, "init", "--quiet", "--object-format=sha256", "--initial-branch=main", "new")
    git(tmp_path / "new", "commit", "--quiet", "--allow-empty", "-m", "first")
    mirror = mirror_of(tmp_path / "new")
    assert len(mirror.tip(10)) == 64
    with pytest.raises(GitError, match="SHA-256, which hookserver does not support"):
        mirror.fetch(10)


def test_missing_repository_is_reported(tmp_path: Path, mirror_of: Make) -> None:
    with pytest.raises(GitError, match="no such repository"):
        mirror_of(tmp_path / "nowhere.git").tip(DEADLINE)


def test_commit_is_found_by_a_few_digits_or_all(source: Source, mirror_of: Make) -> None:
    first = source.commit({"a": "1"})
    mirror = mirror_of(source.bare)
    assert mirror.resolve(first[:7], DEADLINE) == first
    later = source.commit({"a": "2"})
    assert mirror.resolve(later.upper(), DEADLINE) == later


def test_commit_of_another_branch_is_fetched_by_all_its_digits(source: Source, mirror_of: Make) -> None:
    mirror = mirror_of(source.bare)
    mirror.fetch(DEADLINE)
    source.git("checkout", "--quiet", "-b", "other")
    other = source.commit({"a": "other"}, branch="other")
    source.commit({"a": "later"}, branch="other")
    with pytest.raises(NotFound, match="all 40 digits"):
        mirror.resolve(other[:10], DEADLINE)
    assert mirror.resolve(other, DEADLINE) == other


@pytest.mark.parametrize("asked", ["abc123", "HEAD", "main", "--upload-pack=x", "a" * 41, "abcdefg1", "", "1234567\n"])
def test_git_gets_no_argument_that_is_not_a_commit(source: Source, mirror_of: Make, asked: str) -> None:
    with pytest.raises(GitError, match="is not a commit"):
        mirror_of(source.bare).resolve(asked, DEADLINE)


def test_unknown_commit_is_not_found(source: Source, mirror_of: Make) -> None:
    with pytest.raises(NotFound):
        mirror_of(source.bare).resolve("0123456789" * 4, DEADLINE)


def test_branch_named_like_a_commit_is_not_taken_for_it(source: Source, mirror_of: Make) -> None:
    source.push("deadbeef")
    with pytest.raises(NotFound):
        mirror_of(source.bare, "deadbeef").resolve("deadbeef", DEADLINE)


def test_fetch_removes_the_locks_of_a_killed_git(source: Source, mirror_of: Make, tmp_path: Path) -> None:
    mirror, path = mirror_of(source.bare), tmp_path / "state/mirrors/shop.git"
    mirror.fetch(DEADLINE)
    names = ["refs/heads/main.lock", "packed-refs.lock", "objects/pack/tmp_pack_xyz", "objects/maintenance.lock"]
    names += ["objects/pack/multi-pack-index.lock", "objects/info/commit-graphs/commit-graph-chain.lock"]
    leftovers = [path / name for name in names]
    for leftover in leftovers:
        leftover.parent.mkdir(exist_ok=True)
        leftover.write_text("")
    tip = source.commit({"a": "1"})
    assert mirror.fetch(DEADLINE) == tip
    assert not any(leftover.exists() for leftover in leftovers)


def empty_objects(mirror: Path) -> None:
    for file in mirror.glob("objects/??/*"):
        file.chmod(0o644)
        file.write_bytes(b"")


def remove_objects(mirror: Path) -> None:
    for folder in mirror.glob("objects/??"):
        shutil.rmtree(folder)


def spoil_head(mirror: Path) -> None:
    (mirror / "HEAD").write_bytes(b"\0\0\0")


def spoil_ref(mirror: Path) -> None:
    (mirror / "refs/heads/main").write_bytes(b"\0" * 41)


def spoil_config(mirror: Path) -> None:
    (mirror / "config").write_bytes(b"[core\n")


def remove_refs(mirror: Path) -> None:
    shutil.rmtree(mirror / "refs")


@pytest.mark.parametrize(
    "spoil", [empty_objects, remove_objects, spoil_head, spoil_ref, spoil_config, remove_refs], ids=lambda f: f.__name__
)
def test_corrupt_mirror_is_recreated(
    source: Source, mirror_of: Make, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    mirror = mirror_of(source.bare)
    first = mirror.fetch(DEADLINE)
    spoil(tmp_path / "state/mirrors/shop.git")
    mirror.checkout(mirror.fetch(DEADLINE), tmp_path / "same", DEADLINE)
    spoil(tmp_path / "state/mirrors/shop.git")
    tip = source.commit({"a": "1"})
    assert mirror.fetch(DEADLINE) == tip
    mirror.checkout(first, tmp_path / "first", DEADLINE)
    assert (tmp_path / "first/pom.xml").is_file()


@pytest.mark.parametrize("spoil", [shutil.rmtree, empty_objects, spoil_head], ids=lambda f: f.__name__)
def test_checkout_recreates_a_mirror_that_broke_since_the_fetch(
    source: Source, mirror_of: Make, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    mirror = mirror_of(source.bare)
    tip = mirror.fetch(DEADLINE)
    spoil(tmp_path / "state/mirrors/shop.git")
    mirror.checkout(tip, tmp_path / "work", DEADLINE)
    assert (tmp_path / "work/pom.xml").is_file()


def test_mirror_follows_a_changed_branch(source: Source, mirror_of: Make) -> None:
    source.push("release")
    mirror_of(source.bare, "release").fetch(DEADLINE)
    git(source.bare, "branch", "-D", "release")
    source.push("release/2")
    assert mirror_of(source.bare, "release/2").fetch(DEADLINE) == source.git("rev-parse", "HEAD")


def test_inherited_git_variables_change_nothing(
    source: Source, mirror_of: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As found inside a git hook, which has GIT_DIR and GIT_QUARANTINE_PATH set."""
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "elsewhere/index"))
    monkeypatch.setenv("GIT_QUARANTINE_PATH", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(tmp_path / "elsewhere/objects"))
    mirror = mirror_of(source.bare)
    mirror.checkout(mirror.fetch(DEADLINE), tmp_path / "work", DEADLINE)
    assert (tmp_path / "work/pom.xml").is_file()
    assert not (tmp_path / "elsewhere").exists()


def test_mirror_does_not_grow_with_many_fetches(source: Source, mirror_of: Make, tmp_path: Path) -> None:
    mirror = mirror_of(source.bare)
    for number in range(8):
        source.commit({f"{number}/{file}": str(number * 1000 + file) for file in range(120)})
        mirror.fetch(DEADLINE)
    packs = list((tmp_path / "state/mirrors/shop.git/objects/pack").glob("*.pack"))
    running = subprocess.run(["pgrep", "-f", str(tmp_path / "state")], capture_output=True, text=True).stdout
    assert len(packs) <= 50
    assert running == ""
