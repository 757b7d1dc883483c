"""Errors as people read them."""

from __future__ import annotations

import pytest

from hookserver.errors import in_one_line


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
def test_one_line_carries_the_cause_that_it_announces(text: str, line: str) -> None:
    assert in_one_line(text) == line
