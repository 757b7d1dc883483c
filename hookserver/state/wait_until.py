"""The one way to wait for a condition with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(
    read: Callable[[], T], seconds: float, *, pause: float = 0.02, is_enough: Callable[[T], bool] = bool
) -> T:
    """Call ``read`` until ``is_enough`` of its value, ``seconds`` at most, and return the last value.

    ``read`` is called at least once, at once, and then after each ``pause`` (seconds). What ``read`` raises ends the
    wait.
    """
    deadline = time.monotonic() + seconds
    while not is_enough(value := read()):
        left = deadline - time.monotonic()
        if left <= 0:
            break
        time.sleep(min(pause, left))
    return value
