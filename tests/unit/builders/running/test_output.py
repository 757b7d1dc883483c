"""From lines to the cause of a failure."""

from __future__ import annotations

from hookserver.builders.running.output import Cause


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
    assert cause.told("it failed") == "it failed:\n  [ERROR] no symbol\n    symbol: class Cart"
    assert cause.tells_of("indented")


def test_without_errors_the_last_lines_are_the_cause() -> None:
    cause = Cause(lambda _: False)
    for number in range(100):
        cause.see(f"line {number}")
    assert cause.told("it failed").splitlines() == [
        "it failed; its last lines:",
        *(f"  line {number}" for number in range(80, 100)),
    ]


def test_a_build_that_printed_nothing_is_told_as_such() -> None:
    assert Cause(lambda _: False).told("it failed") == "it failed; it printed nothing"


def test_what_stands_below_the_heading_is_the_cause_up_to_a_blank_line_however_many_errors_came_before() -> None:
    cause = Cause(lambda line: line.startswith("error: "), "* What went wrong:")
    for line in (
        *(f"error: {number}" for number in range(30)),
        "",
        "* What went wrong:",
        "Plugin [id: 'shop'] was not found in any of the following sources:",
        "- none",
        "",
        "* Try:",
        "more",
    ):
        cause.see(line)
    told = cause.told("it failed").splitlines()
    assert told[-2:] == ["  Plugin [id: 'shop'] was not found in any of the following sources:", "  - none"]
    assert told[20:-2] == ["  error: 19"]
