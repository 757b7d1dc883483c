"""The words and their rules."""

from __future__ import annotations

import pytest

from hookserver.models import TRANSITIONS, Secret, Slot, Status


def test_every_slot_has_another() -> None:
    assert [slot.other.other for slot in Slot] == list(Slot)


def test_every_status_has_its_transitions() -> None:
    assert set(TRANSITIONS) == set(Status)


@pytest.mark.parametrize("over", [Status.FAILED, Status.CANCELLED, Status.SUPERSEDED])
def test_what_is_over_stays_over(over: Status) -> None:
    assert over.is_over
    assert not TRANSITIONS[over]


def test_a_secret_shows_itself_only_when_asked() -> None:
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == "hunter2"
    assert not Secret("")
