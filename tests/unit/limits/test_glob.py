"""Globs: what they match, and that no pattern makes matching slow."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookserver.limits.glob import PATTERNS_LIMIT, Globs, TooManyPatterns


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("web/target/*.war", "web/target/shop.war", True),
        ("web/target/*.war", "web/target/old/shop.war", False),
        ("**/*.war", "shop.war", True),
        ("**/*.war", "a/b/shop.war", True),
        ("a/**", "a/b/c", True),
        ("a/**/c", "a/c", True),
        ("a/**/c", "a/b/b/c", True),
        ("a**c", "ab/c", True),
        ("?.txt", "a.txt", True),
        ("?.txt", "/.txt", False),
        ("[a-c]x", "bx", True),
        ("[^a-c]x", "bx", False),
        (r"\*.txt", "*.txt", True),
        (r"\*.txt", "a.txt", False),
        (r"[\]]", "]", True),
        ("[", "[", True),
        ("", "", True),
        ("", "a", False),
    ],
)
def test_pattern_matches_the_whole_path(pattern: str, path: str, fits: bool) -> None:
    assert Globs([pattern]).match(path) == fits


def _expression(pattern: str) -> str:
    """The regular expression of moby's patternmatcher."""
    parts = re.split(r"(\*\*/?|\*|\?)", pattern)
    last = len(parts) - 1 if parts[-1] else len(parts) - 2
    found = ""
    for index, part in enumerate(parts):
        if part.startswith("**"):
            found += ".*" if index == last else "(?:.*/)?"
        else:
            found += {"*": "[^/]*", "?": "[^/]"}.get(part, re.escape(part))
    return found


@given(
    st.lists(st.lists(st.sampled_from(["a", "b", "/", "*", "**", "**/", "?"]), max_size=7).map("".join), max_size=4),
    st.text("ab/", max_size=9),
)
def test_patterns_match_as_the_regular_expressions_of_moby(patterns: list[str], path: str) -> None:
    fitting = [index for index, one in enumerate(patterns) if re.fullmatch(_expression(one), path, re.DOTALL)]
    globs = Globs(patterns)

    assert globs.last(globs.step(globs.start, path)) == max(fitting, default=-1)
    assert globs.match(path) == bool(fitting)


@given(st.lists(st.text(max_size=50), max_size=5), st.text(max_size=50))
def test_any_text_is_a_pattern(patterns: list[str], path: str) -> None:
    assert Globs(patterns).match(path) in (True, False)


@pytest.mark.parametrize("piece", ["*a", "**/a", "a*?", "[ab]*", "*", "**", "?"])
def test_time_grows_with_the_path_alone(piece: str) -> None:
    def seconds(length: int) -> float:
        globs = Globs([piece * 1000 + "x"])
        started = time.perf_counter()
        for _ in range(3):
            assert not globs.match("a" * length)
        return time.perf_counter() - started

    seconds(1000)
    assert seconds(40_000) < 4 * 2 * seconds(20_000) + 0.1


def test_long_class_is_read_in_linear_time() -> None:
    started = time.perf_counter()
    Globs(["[" * (PATTERNS_LIMIT - 1)])
    assert time.perf_counter() - started < 5


def test_more_patterns_than_the_limit_are_refused() -> None:
    with pytest.raises(TooManyPatterns, match="more than 65536 characters"):
        Globs(["a" * 1000] * 100)
