"""The words and their rules."""

from __future__ import annotations

import pytest

from hookserver.models import TRANSITIONS, Slot, Status


def test_every_slot_has_another() -> None:
    assert [slot.other.other for slot in Slot] == list(Slot)


def test_every_status_has_its_transitions() -> None:
    assert set(TRANSITIONS) == set(Status)


@pytest.mark.parametrize("over", [Status.FAILED, Status.CANCELLED, Status.SUPERSEDED])
def test_what_is_over_stays_over(over: Status) -> None:
    assert over.is_over
    assert not TRANSITIONS[over]
