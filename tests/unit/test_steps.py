"""The steps of a deploy."""

from __future__ import annotations

from hookserver.steps import FETCH_DEADLINE
from hookserver.worker import TASK_DEADLINE


def test_a_long_first_fetch_ends_by_its_own_bound_before_the_worker_ends_the_deploy() -> None:
    assert 1200 < FETCH_DEADLINE < 9 * TASK_DEADLINE
