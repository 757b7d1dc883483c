"""The files that a Dockerfile's build gets."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from docker.utils.build import exclude_paths
from hypothesis import given, settings
from hypothesis import strategies as st

from hookserver.builders.running.build_context import included_paths, read_patterns

FILES = ("Dockerfile", ".dockerignore", "a", "b.md", "src/a", "src/b.md", "src/sub/a", "src/sub/b.md")


def make(root: Path, files: Iterable[str] = FILES) -> Path:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    return root


@pytest.mark.parametrize(
    ("ignored", "left_out"),
    [
        ("", set()),
        ("src", {"src", "src/a", "src/b.md", "src/sub", "src/sub/a", "src/sub/b.md"}),
        ("/src/sub/ ", {"src/sub", "src/sub/a", "src/sub/b.md"}),
        ("*.md", {"b.md"}),
        ("**/*.md", {"b.md", "src/b.md", "src/sub/b.md"}),
        ("*/*/a", {"src/sub/a"}),
        ("# comment\n\nsrc/../a", {"a"}),
        ("src\n!src/a", {"src", "src/b.md", "src/sub", "src/sub/a", "src/sub/b.md"}),
        ("*.md\n!b.md\n", set()),
        ("!b.md\n*.md", {"b.md"}),
        ("Dockerfile\n.dockerignore\n*", {"a", "b.md", *(name for name in FILES if "/" in name), "src", "src/sub"}),
    ],
)
def test_ignored_paths_are_left_out(tmp_path: Path, ignored: str, left_out: set[str]) -> None:
    everything = {*FILES, "src", "src/sub"}

    assert set(included_paths(make(tmp_path), ignored)) == everything - left_out


def test_bom_and_spaces_do_not_count() -> None:
    assert [pattern.text for pattern in read_patterns("\ufeffa\r\n ! b/ \n#c")] == ["a", "b"]


def test_link_to_a_folder_is_not_searched(tmp_path: Path) -> None:
    (make(tmp_path) / "link").symlink_to("src")

    assert [path for path in included_paths(tmp_path, "") if path.startswith("link")] == ["link"]


# Without "**": the library asks for as many parents of a path as a pattern has parts, Docker for all of them.
PIECES = st.sampled_from(["a", "b.md", "src", "sub", "*", "?", "*.md"])
LINES = st.builds(
    lambda mark, names: mark + "/".join(names), st.sampled_from(["", "!"]), st.lists(PIECES, min_size=1, max_size=3)
)


@settings(max_examples=300)
@given(st.lists(LINES, max_size=4))
def test_paths_are_those_of_the_docker_library(lines: list[str]) -> None:
    with TemporaryDirectory() as folder:
        root = make(Path(folder))
        ours = set(included_paths(root, "\n".join(lines)))
        theirs = exclude_paths(str(root), list(lines), "Dockerfile")

    assert ours == theirs


@given(st.text(max_size=200))
def test_any_text_is_a_dockerignore(text: str) -> None:
    with TemporaryDirectory() as folder:
        assert "Dockerfile" in set(included_paths(make(Path(folder)), text))


@pytest.mark.parametrize("line", ["*a" * 30_000, "**/a" * 15_000, "*?" * 30_000 + "!", "[ab]*" * 10_000])
def test_hostile_pattern_is_matched_at_once(tmp_path: Path, line: str) -> None:
    make(tmp_path, [f"{'a' * 200}/{'a' * 200}/{number}" for number in range(20)])
    started = time.monotonic()

    assert len(list(included_paths(tmp_path, line))) >= 1
    assert time.monotonic() - started < 10


def test_many_exceptions_and_folders_take_no_time(tmp_path: Path) -> None:
    make(tmp_path, [f"d{number}/x" for number in range(1000)])
    ignored = "*\n" + "".join(f"!e{number}\n" for number in range(8_000))
    started = time.monotonic()

    assert not list(included_paths(tmp_path, ignored))
    assert time.monotonic() - started < 10
