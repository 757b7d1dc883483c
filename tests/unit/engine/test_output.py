"""From a program's output to frames and lines."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from hookserver.engine.output import OUTPUT_LIMIT, FrameReader, LineReader, read_lines
from hookserver.plain_text import plain


def frame(data: bytes, stream: int = 1) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


@given(st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=20), min_size=1))
def test_lines_that_arrive_in_pieces_are_complete(lines: list[str]) -> None:
    text = "".join(f"{line}\n" for line in lines).encode()
    taken = LineReader()
    got = [line for byte in text for line in taken.feed(bytes([byte]))]
    assert got == [plain(line) for line in lines]


@given(st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=50)), max_size=10), st.integers(1, 20))
def test_frames_that_arrive_in_pieces_give_the_same_output(sent: list[tuple[int, bytes]], size: int) -> None:
    whole = b"".join(frame(data, stream) for stream, data in sent)
    reader = FrameReader()
    got = [part for start in range(0, len(whole), size) for part in reader.feed(whole[start : start + size])]
    for stream in (1, 2):
        assert b"".join(data for of, data in got if of == stream) == b"".join(data for of, data in sent if of == stream)


def test_read_lines_gives_every_line_of_all_parts() -> None:
    assert list(read_lines([b"one\nt", b"wo\nth", b"ree"])) == ["one", "two", "three"]


def test_progress_bar_gives_its_last_state() -> None:
    lines = LineReader()
    assert list(lines.feed(b" 10%\r 50%\r100%\r\nnext\r\n")) == ["100%", "next"]


def test_last_line_without_newline_is_given_at_the_end() -> None:
    lines = LineReader()
    assert list(lines.feed(b"one\ntw")) == ["one"]
    assert list(lines.end()) == ["tw"]
    assert list(lines.end()) == []


def test_line_without_newline_takes_bounded_memory() -> None:
    lines = LineReader()
    for _ in range(100):
        assert list(lines.feed(b"x" * 65536)) == []
    (line,) = lines.end()
    assert line == "x" * 4000 + "…"


def test_progress_bar_without_newline_takes_bounded_memory_and_gives_its_last_state() -> None:
    lines = LineReader()
    for percent in range(100_000):
        assert list(lines.feed(f"{percent} bytes\r".encode())) == []
    assert list(lines.end()) == ["99999 bytes"]


HOSTILE = st.lists(
    st.sampled_from([b"\x1b", b"[31m", b"]52;c;", b"\x07", b"\xc2\x9b", b"\xe2\x80\xae", b"\r", b"\n", b"a", b"\xff"])
)


@given(HOSTILE.map(b"".join), st.integers(1, 10))
def test_pieces_of_hostile_output_give_the_same_plain_lines(text: bytes, size: int) -> None:
    got = list(read_lines(text[start : start + size] for start in range(0, len(text), size)))
    assert got == list(read_lines([text]))
    assert all(line == plain(line) and "\n" not in line for line in got)


def test_line_that_ends_in_several_returns_is_kept_whatever_its_pieces() -> None:
    assert list(read_lines([b"do", b"ne\r", b"\r", b"\n"])) == ["done"]


def test_cut_line_ends_with_whole_characters() -> None:
    (line,) = read_lines([("ä" + "日本" * 9000).encode()])
    assert line == "ä" + ("日本" * 2000)[:3999] + "…"


def test_line_that_is_mostly_colours_is_cut_where_its_limit_is() -> None:
    (line,) = read_lines([b"\x1b[0m" * 5000 + b"secret"])
    assert line == "…"


def test_end_after_too_much_output_begins_with_a_whole_line() -> None:
    lines = LineReader()
    for _ in range(OUTPUT_LIMIT // 65536 + 2):
        list(lines.feed(b"x" * 65536))
    list(lines.feed(b"secret\nlast\n"))
    assert list(lines.end()) == ["last"]


def test_too_much_output_gives_its_beginning_and_its_end_in_bounded_time() -> None:
    lines = LineReader()
    began = time.process_time()
    written = sum(1 for _ in range(8 * OUTPUT_LIMIT // 65536) for _ in lines.feed(b"y\n" * 32768))
    list(lines.feed(b"the end\n"))
    assert written < 400_000
    assert list(lines.end())[-1] == "the end"
    assert time.process_time() - began < 10
