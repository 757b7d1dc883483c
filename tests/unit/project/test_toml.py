"""The lines of a settings file."""

from __future__ import annotations

import tomllib

from hookserver.project.toml import WIDTH, comment, commented, entry, one_line


def test_long_comment_is_wrapped_and_a_list_item_is_indented() -> None:
    lines = comment("- " + "word " * 60).splitlines()
    assert len(lines) > 1
    assert max(map(len, lines)) <= WIDTH
    assert all(line.startswith("#   word") for line in lines[1:])


def test_short_reason_is_behind_the_value_and_a_long_one_above() -> None:
    assert entry("replicas", 2, "two").partition("#")[2] == " two"
    assert entry("replicas", 2, "long " * 30).splitlines()[-1] == "replicas = 2"
    assert entry("replicas", 2) == "replicas = 2"


def test_value_with_quotes_and_line_breaks_stays_one_value() -> None:
    assert tomllib.loads(entry("name", 'a"\nb = 1', "why\nnot")) == {"name": 'a"\nb = 1'}


def test_commented_key_becomes_valid_without_its_hash() -> None:
    assert tomllib.loads(commented("memory", '"512m"', "of each").removeprefix("# ")) == {"memory": "512m"}


def test_one_line_has_no_control_characters_and_a_limited_length() -> None:
    assert one_line("a\x1b[31m\tb\n c") == "a?[31m b c"
    assert len(one_line("x" * 5000)) <= 801
