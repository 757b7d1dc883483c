"""When branches are polled."""

from __future__ import annotations

from hookserver.config import AppSettings
from hookserver.worker.poll_times import FIRST_RETRY, PollTimes


def polls(repository: str = "/srv/git/shop.git", **every: float) -> PollTimes:
    apps = {
        name: AppSettings(name=name, repository=repository, domains=(f"{name}.test",), poll=seconds)
        for name, seconds in every.items()
    }
    return PollTimes(apps)


def delays(made: PollTimes, failures: int) -> list[float]:
    """The seconds between polls that fail at once."""
    now, waits = 0.0, []
    for _ in range(failures):
        made.started("shop", now)
        made.ended("shop", now, has_failed=True)
        waits.append(next(iter(made.moments())) - now)
        now += waits[-1]
    return waits


def test_a_branch_is_due_at_once_and_then_every_poll_seconds() -> None:
    made = polls(shop=300, blog=60)
    assert sorted(made.due(5)) == ["blog", "shop"]
    for app in ("shop", "blog"):
        made.started(app, 5)
        made.ended(app, 6, has_failed=False)
    assert made.due(64) == []
    assert made.due(65) == ["blog"]
    assert made.due(305) == ["blog", "shop"]


def test_a_branch_with_poll_0_is_never_due() -> None:
    assert polls(shop=0).due(1e9) == []
    assert list(polls(shop=0).moments()) == []


def test_our_own_repository_is_due_once_at_start_even_with_poll_0() -> None:
    made = polls("push", shop=0)
    assert made.due(0) == ["shop"]
    made.started("shop", 0)
    made.ended("shop", 1, has_failed=True)
    assert made.due(FIRST_RETRY + 1) == ["shop"]
    made.started("shop", FIRST_RETRY + 1)
    made.ended("shop", FIRST_RETRY + 2, has_failed=False)
    assert made.due(1e9) == []


def test_failed_polls_back_off_up_to_poll() -> None:
    assert delays(polls(shop=300), 6) == [FIRST_RETRY, 60, 120, 240, 300, 300]
    assert delays(polls(shop=5), 2) == [5, 5]


def test_a_poll_that_succeeds_resets_the_back_off() -> None:
    made = polls(shop=300)
    delays(made, 3)
    made.ended("shop", 500, has_failed=False)
    assert delays(made, 1) == [FIRST_RETRY]


def test_poll_of_a_removed_app_changes_nothing() -> None:
    made = polls(shop=300)
    made.ended("blog", 1, has_failed=True)
    assert made.due(1) == ["shop"]
