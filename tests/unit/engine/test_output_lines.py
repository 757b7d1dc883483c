"""From a program's output to lines."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from hookserver.engine.output_lines import TOLD_LIMIT, Lines


@given(st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=20), min_size=1))
def test_lines_cut_anywhere_are_whole(lines: list[str]) -> None:
    text = "".join(f"{line}\n" for line in lines).encode()
    taken = Lines()
    got = [line for byte in text for line in taken.feed(bytes([byte]))]
    assert got == lines


def test_of_a_progress_bar_the_last_state_is_told() -> None:
    lines = Lines()
    assert list(lines.feed(b" 10%\r 50%\r100%\r\nnext\r\n")) == ["100%", "next"]


def test_a_last_line_without_an_end_is_told() -> None:
    lines = Lines()
    assert list(lines.feed(b"one\ntw")) == ["one"]
    assert list(lines.end()) == ["tw"]
    assert list(lines.end()) == []


def test_a_line_without_end_takes_bounded_memory() -> None:
    lines = Lines()
    for _ in range(100):
        assert list(lines.feed(b"x" * 65536)) == []
    (line,) = lines.end()
    assert len(line) == 4000


def test_of_too_much_output_the_beginning_and_the_end_are_told_in_bounded_time() -> None:
    lines = Lines()
    began = time.process_time()
    told = sum(1 for _ in range(8 * TOLD_LIMIT // 65536) for _ in lines.feed(b"y\n" * 32768))
    list(lines.feed(b"the end\n"))
    assert told < 400_000
    assert list(lines.end())[-1] == "the end"
    assert time.process_time() - began < 10
