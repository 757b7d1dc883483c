"""Text from outside controls no terminal."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hookserver.plain_text import cut, one_line, plain

HOSTILE = st.text(
    st.one_of(
        st.sampled_from("\x1b\x9b\x9d\x90\x07\x9c\\[]PX^_;?0m\x18\x1a\r\n\t\b\u202e\u2066\u200f\u200b\u2028\x85ab "),
        st.characters(),
    )
)
SHOWN_AS_THEY_ARE = {"\u200c", "\u200d"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("a \x1b]52;c;ZXZpbA==\x07b", "a b"),
        ("a \x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\ b", "a link b"),
        ("\x1bPq#0;2;0;0;0\x1b\\after", "after"),
        ("\x9b31mred\x9d0;title\x9c!", "red!"),
        ("\x1b]0;a title that nothing ends\nnext", "\nnext"),
        ("\x1b(Bplain\x1b7\x1bc\x1b#8", "plain"),
        ("sec\x1b[0mret", "secret"),
        ("sec\u200bret \u202eexe.txt\u202c", "secret exe.txt"),
        ("ding\x07 back\b\x7f", "ding back"),
        ("one\r\ntwo\rthree\tfour", "one\ntwo\nthree\tfour"),
        ("half \ud83d of a pair", "half \ufffd of a pair"),
        ("Ünïcödé 日本 👩\u200d💻 \u0645\u06cc\u200c\u062e", "Ünïcödé 日本 👩\u200d💻 \u0645\u06cc\u200c\u062e"),
    ],
)
def test_text_is_shown_without_what_controls_a_terminal(text: str, shown: str) -> None:
    assert plain(text) == shown


@settings(max_examples=2000)
@given(HOSTILE)
def test_no_control_escape_or_bidi_character_is_left(text: str) -> None:
    left = {letter for letter in plain(text) if unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp")}
    assert left <= {"\n", "\t"}
    bidi = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    assert not [letter for letter in plain(text) if unicodedata.bidirectional(letter) in bidi]


@given(HOSTILE)
def test_clean_text_stays_as_it_is(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@given(st.text(st.characters(exclude_categories=["C", "Z"], include_characters="\u200c\u200d \n\t")))
def test_text_that_a_person_can_read_is_kept(text: str) -> None:
    assert plain(text) == text


@given(HOSTILE)
def test_one_line_is_one(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1


@pytest.mark.parametrize(
    "piece", ["\x1b", "\x1b[", "\x1b[1", "\x1b]", "\x1bP;", "\x9b\x9d", "\x1b ", "\r", "\x1b]\x1b["]
)
def test_a_million_characters_take_less_than_a_second(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    began = time.process_time()
    plain(text)
    plain(f"\x1b]{text}")
    assert time.process_time() - began < 1


def test_cut_text_says_so() -> None:
    assert cut("short", 5) == "short"
    assert cut("a long one", 7) == "a long…"
