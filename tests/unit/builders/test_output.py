"""From a stream of bytes to lines and the cause of a failure."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from hookserver.builders.output import TOLD_LIMIT, Cause, Frames, Lines


def frame(data: bytes, stream: int = 1) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=50)), max_size=10), st.integers(1, 20))
def test_frames_cut_anywhere_give_the_same_output(sent: list[tuple[int, bytes]], size: int) -> None:
    whole = b"".join(frame(data, stream) for stream, data in sent)
    frames = Frames()
    got = [part for start in range(0, len(whole), size) for part in frames.feed(whole[start : start + size])]
    for stream in (1, 2):
        assert b"".join(data for of, data in got if of == stream) == b"".join(data for of, data in sent if of == stream)


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


def test_the_first_errors_are_the_cause_with_what_belongs_to_them() -> None:
    cause = Cause(lambda line: line.startswith("[ERROR]"))
    for line in (
        "[INFO] fine",
        "\x1b[1;31m[ERROR]\x1b[m no symbol",
        "  symbol: class Cart",
        "[INFO] more",
        "  indented",
    ):
        cause.see(line)
    assert cause.lines() == ["[ERROR] no symbol", "  symbol: class Cart"]
    assert cause.tells_of("indented")


def test_without_errors_the_last_lines_are_the_cause() -> None:
    cause = Cause(lambda _: False)
    for number in range(100):
        cause.see(f"line {number}")
    assert cause.lines() == [f"line {number}" for number in range(80, 100)]
