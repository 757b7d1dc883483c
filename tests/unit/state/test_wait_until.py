from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from hookserver.state.wait_until import wait_until


@pytest.fixture
def numbers() -> Iterator[int]:
    return iter(range(1000))


def test_wait_ends_with_the_first_value_that_is_enough(numbers: Iterator[int]) -> None:
    assert wait_until(lambda: next(numbers), 10, pause=0) == 1
    assert wait_until(lambda: next(numbers), 10, pause=0, is_enough=lambda number: number >= 5) == 5


def test_wait_ends_at_its_deadline_with_the_last_value() -> None:
    began = time.monotonic()
    assert wait_until(lambda: 0, 0.1, pause=60) == 0
    assert 0.1 <= time.monotonic() - began < 5


def test_value_is_read_once_even_when_the_deadline_is_over(numbers: Iterator[int]) -> None:
    assert wait_until(lambda: next(numbers), -1) == 0
    assert next(numbers) == 1


def test_error_of_the_reader_ends_the_wait() -> None:
    def fail() -> bool:
        raise LookupError

    with pytest.raises(LookupError):
        wait_until(fail, 60)
