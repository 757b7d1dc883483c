"""From lines to the cause of a failure."""

from __future__ import annotations

from hookserver.builders.running.failure_cause import Cause


def test_first_errors_with_their_indented_lines_are_the_cause() -> None:
    cause = Cause(lambda line: line.startswith("[ERROR]"))
    for line in (
        "[INFO] fine",
        "\x1b[1;31m[ERROR]\x1b[m no symbol",
        "  symbol: class Cart",
        "[INFO] more",
        "  indented",
    ):
        cause.add(line)
    assert cause.describe("it failed") == "it failed:\n  [ERROR] no symbol\n    symbol: class Cart"
    assert cause.mentions("indented")


def test_last_lines_are_the_cause_without_errors() -> None:
    cause = Cause(lambda _: False)
    for number in range(100):
        cause.add(f"line {number}")
    assert cause.describe("it failed").splitlines() == [
        "it failed; its last lines:",
        *(f"  line {number}" for number in range(80, 100)),
    ]


def test_build_without_output_says_so() -> None:
    assert Cause(lambda _: False).describe("it failed") == "it failed; it printed nothing"


def test_text_below_the_heading_is_kept_after_many_errors() -> None:
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
        cause.add(line)
    text = cause.describe("it failed").splitlines()
    assert text[-2:] == ["  Plugin [id: 'shop'] was not found in any of the following sources:", "  - none"]
    assert text[20:-2] == ["  error: 19"]


def test_end_of_the_output_is_described_without_its_errors() -> None:
    cause = Cause(lambda line: line.startswith("error"))
    assert cause.describe_end("stopped") == "stopped; it printed nothing"
    for number in range(30):
        cause.add(f"error {number}")
    assert cause.describe_end("stopped").splitlines()[1:] == [f"  error {number}" for number in range(10, 30)]
