"""When a held standby is retired."""

from __future__ import annotations

import math

import pytest

from hookserver.config import ReleaseSettings
from hookserver.models import Release, Slot
from hookserver.pipeline.standby import retire_at

SWITCH = 1000.0


def release(held_for: float = 1800.0, planned: float = 300.0) -> Release:
    """A standby since ``SWITCH`` that is to be retired ``planned`` seconds after it."""
    return Release(1, "shop", "c" * 40, "i", Slot.BLUE, 2, SWITCH + planned, sticky_until=SWITCH + held_for)


@pytest.mark.parametrize(
    ("asked", "after"),
    [
        (None, 300),
        (-400, 300),
        (-200, 400),
        (100, 700),
        (1100, 1700),
        (1300, 1800),
        (math.inf, 1800),
    ],
)
def test_it_goes_when_the_last_session_has_ended_or_at_the_deadline_and_never_before_the_time_for_a_rollback(
    asked: float | None, after: float
) -> None:
    moment = None if asked is None else SWITCH + asked
    assert retire_at(release(), moment, 600) == SWITCH + after


@pytest.mark.parametrize(("keys", "seconds"), [({}, 1800), ({"sticky_for": "0"}, 0), ({"sessions": "none"}, 0)])
def test_a_switch_holds_the_old_slot_for_as_long_as_the_settings_say(keys: dict[str, str], seconds: float) -> None:
    assert ReleaseSettings.model_validate(keys).sticky_seconds == seconds


def test_sessions_that_never_end_hold_it_until_the_deadline() -> None:
    assert retire_at(release(), SWITCH - 5000, math.inf) == SWITCH + 1800
    assert retire_at(release(), None, math.inf) == SWITCH + 300


def test_a_time_for_a_rollback_beyond_the_deadline_stays() -> None:
    assert retire_at(release(held_for=60), SWITCH + 50, 600) == SWITCH + 300


def test_something_is_to_be_done_at_the_deadline_too_when_that_comes_first() -> None:
    assert release(held_for=60).due_at == SWITCH + 60
    assert release().due_at == SWITCH + 300
