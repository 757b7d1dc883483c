"""Errors as people read them."""

from __future__ import annotations

import pytest

from hookserver.errors import AppLocked, Refused, did_you_mean, in_one_line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "the build failed (exit code 1):\n  Cart.java:2: no symbol\n  more\nMend it.",
            "the build failed (exit code 1): Cart.java:2: no symbol",
        ),
        ("the image is gone\nDeploy again.", "the image is gone"),
        ("the build was stopped after 10m; its last lines:\n  [INFO] fine", "the build was stopped after 10m"),
        ("no WAR fits:", "no WAR fits:"),
        ("\n  Docker is away \n", "Docker is away"),
        ("", ""),
    ],
)
def test_one_line_contains_the_announced_cause(text: str, line: str) -> None:
    assert in_one_line(text) == line


def test_nearest_known_word_is_proposed() -> None:
    assert did_you_mean("shpo", ["blog", "shop"]) == "Did you mean 'shop'?"
    assert did_you_mean("intranet", ["blog", "shop"]) == ""
    assert did_you_mean("shop", {}) == ""


def test_locked_app_names_who_why_and_the_command_that_unlocks_it() -> None:
    error = AppLocked("shop", "ada", "stocktaking")
    assert error.problem == "shop is locked by ada: stocktaking"
    assert "`hookserver unlock shop`" in error.remedy
    assert isinstance(error, Refused)
