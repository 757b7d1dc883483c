"""The words and their rules."""

from __future__ import annotations

import pytest

from hookserver.models import TRANSITIONS, Scope, Slot, Status, TrafficState


def test_each_slot_has_another() -> None:
    assert [slot.other.other for slot in Slot] == list(Slot)


@pytest.mark.parametrize(("live", "sticky"), [(None, Slot.BLUE), (Slot.BLUE, Slot.BLUE)])
def test_only_the_slot_beside_the_live_one_can_be_sticky(live: Slot | None, sticky: Slot) -> None:
    with pytest.raises(ValueError, match="blue cannot be sticky"):
        TrafficState(live, sticky)


def test_every_status_has_its_transitions() -> None:
    assert set(TRANSITIONS) == set(Status)


@pytest.mark.parametrize("over", [Status.FAILED, Status.CANCELLED, Status.SUPERSEDED])
def test_deploy_that_is_over_stays_over(over: Status) -> None:
    assert over.is_over
    assert not TRANSITIONS[over]


def test_each_scope_includes_those_before_it() -> None:
    assert [[other for other in Scope if scope.includes(other)] for scope in Scope] == [
        [Scope.READ],
        [Scope.READ, Scope.DEPLOY],
        [Scope.READ, Scope.DEPLOY, Scope.ADMIN],
    ]
