"""The sticky standby: how long it stays, and how it ends."""

from __future__ import annotations

import math

import pytest

from hookserver.config import ReleaseSettings
from hookserver.errors import NginxError
from hookserver.models import Release, Slot, TrafficState
from hookserver.pipeline.standby import (
    check_visitors,
    describe_visitors,
    end_sticky,
    release_settings,
    retire_at,
    sticky_standby,
    traffic_after_switch,
    traffic_to,
    wait_until_drained,
)
from tests.unit.pipeline.conftest import PipelinePlace

SWITCH = 1000.0


def release(sticky_for: float = 1800.0, planned: float = 300.0) -> Release:
    """A standby since ``SWITCH`` that is to be retired ``planned`` seconds after it."""
    return Release(1, "shop", "c" * 40, "i", Slot.BLUE, 2, SWITCH + planned, sticky_until=SWITCH + sticky_for)


@pytest.mark.parametrize(
    ("last_request", "after"),
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
def test_a_sticky_standby_is_retired_after_its_last_session_or_at_the_deadline_and_not_before_its_time_for_a_rollback(
    last_request: float | None, after: float
) -> None:
    moment = None if last_request is None else SWITCH + last_request
    assert retire_at(release(), moment, 600) == SWITCH + after


@pytest.mark.parametrize(("keys", "seconds"), [({}, 1800), ({"sticky_for": "0"}, 0), ({"sessions": "none"}, 0)])
def test_the_old_slot_is_sticky_for_as_long_as_the_settings_say(keys: dict[str, str], seconds: float) -> None:
    assert ReleaseSettings.model_validate(keys).sticky_seconds == seconds


def test_sessions_that_never_end_keep_it_until_the_deadline() -> None:
    assert retire_at(release(), SWITCH - 5000, math.inf) == SWITCH + 1800
    assert retire_at(release(), None, math.inf) == SWITCH + 300


def test_a_time_for_a_rollback_beyond_the_deadline_is_kept() -> None:
    assert retire_at(release(sticky_for=60), SWITCH + 50, 600) == SWITCH + 300


def test_a_standby_is_due_at_the_earlier_of_its_two_times() -> None:
    assert release(sticky_for=60).due_at == SWITCH + 60
    assert release().due_at == SWITCH + 300


def test_the_sticky_standby_is_the_one_with_a_deadline(place: PipelinePlace) -> None:
    assert sticky_standby(place.context, "shop") is None
    first = place.go_live(slot=Slot.BLUE)
    live = place.go_live(slot=Slot.GREEN, commit="d" * 40, sticky=1800)
    standby = sticky_standby(place.context, "shop")
    assert standby
    assert standby.deploy == first.deploy
    assert traffic_to(place.context, live) == TrafficState(Slot.GREEN, sticky=Slot.BLUE)
    assert sticky_standby(place.context, "blog") is None


def test_a_standby_is_not_sticky_once_the_settings_say_that_sessions_are_not(place: PipelinePlace) -> None:
    place.go_live(slot=Slot.BLUE)
    live = place.go_live(slot=Slot.GREEN, commit="d" * 40, sticky=1800)
    shop = place.settings.apps["shop"]
    without = shop.model_copy(update={"release": shop.release.model_copy(update={"sessions": "none"})})
    place.settings = place.settings.model_copy(update={"apps": {"shop": without}})
    assert sticky_standby(place.context, "shop") is None
    assert traffic_to(place.context, live) == TrafficState(Slot.GREEN)


@pytest.mark.parametrize(("seconds", "sticky"), [(1800.0, Slot.GREEN), (0.0, None)])
def test_after_a_switch_the_other_slot_is_sticky_for_as_long_as_the_settings_say(
    seconds: float, sticky: Slot | None
) -> None:
    assert traffic_after_switch(release(), seconds) == TrafficState(Slot.BLUE, sticky)


def test_a_check_records_the_visitors_of_a_sticky_standby(place: PipelinePlace) -> None:
    place.go_live(slot=Slot.BLUE)
    place.go_live(slot=Slot.GREEN, commit="d" * 40, sticky=1800)
    place.traffic.active = 4
    standby = sticky_standby(place.context, "shop")
    assert standby
    assert check_visitors(place.context, standby).visitors == 4


def test_the_end_of_a_sticky_standby_is_recorded_before_the_traffic_changes(place: PipelinePlace) -> None:
    place.go_live(slot=Slot.BLUE)
    place.go_live(slot=Slot.GREEN, commit="d" * 40, sticky=1800)
    standby = sticky_standby(place.context, "shop")
    assert standby
    place.traffic.refuses = "Nginx does not answer"
    with pytest.raises(NginxError):
        end_sticky(place.context, standby)
    assert sticky_standby(place.context, "shop") is None
    place.traffic.refuses = ""
    end_sticky(place.context, standby)
    assert place.traffic.get("shop") == TrafficState(Slot.GREEN)


def test_a_drain_waits_for_requests_in_flight_and_no_longer_than_its_time(place: PipelinePlace) -> None:
    live = place.go_live(slot=Slot.BLUE)
    place.traffic.in_flight = [2, 1, 0]
    checks: list[int] = []
    assert wait_until_drained(place.context, live, 5, lambda: checks.append(1)) == 0
    assert len(checks) == 2
    place.traffic.in_flight = [2] * 1000
    assert wait_until_drained(place.context, live, 0.2) == 2


def test_visitors_are_described_for_a_person() -> None:
    assert describe_visitors(3) == "visitors of the last 5 minutes: 3"
    assert describe_visitors(None) == "visitors of the last 5 minutes: not known, there is no access log"


def test_app_that_was_removed_from_the_settings_has_the_default_release_settings(place: PipelinePlace) -> None:
    assert release_settings(place.context, "gone") == ReleaseSettings()
    assert release_settings(place.context, "shop") is place.settings.apps["shop"].release
