"""The one way in which tests and benches wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hookserver.state.wait_until import wait_until

T = TypeVar("T")


def until(condition: Callable[[], T], deadline: float = 30, what: str = "it", pause: float = 0.02) -> T:
    """Wait until ``condition`` is true and return its value. An AssertionError after ``deadline`` seconds."""
    value = wait_until(condition, deadline, pause=pause)
    assert value, f"{what} did not come within {deadline:g} s"
    return value
