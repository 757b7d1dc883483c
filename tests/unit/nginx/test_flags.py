"""The traffic flags."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.models import Slot, TrafficState
from hookserver.nginx.flags import flags_of, read_flags, state_of, write_flags

OPEN = [TrafficState(live, sticky) for live in Slot for sticky in (None, live.other)]
STATES = [TrafficState(), *OPEN]


@pytest.mark.parametrize("state", STATES)
def test_the_flags_of_a_state_say_that_state(state: TrafficState) -> None:
    assert state_of(flags_of(state)) == state


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", STATES)
def test_every_state_can_follow_every_other(tmp_path: Path, before: TrafficState, after: TrafficState) -> None:
    write_flags(tmp_path / "shop", before)
    write_flags(tmp_path / "shop", after)
    assert read_flags(tmp_path / "shop") == after


@pytest.mark.parametrize("first", STATES)
@pytest.mark.parametrize("before", OPEN)
@pytest.mark.parametrize("after", OPEN)
def test_no_slot_is_sticky_on_the_way_that_is_not_in_the_end_but_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: TrafficState, before: TrafficState, after: TrafficState
) -> None:
    """From the switch on the slot that had the traffic is sticky, or not, as wanted."""
    folder = tmp_path / "shop"
    write_flags(folder, first)
    write_flags(folder, before)
    states: list[TrafficState] = []
    monkeypatch.setattr("hookserver.nginx.flags.os.fsync", lambda _: states.append(read_flags(folder)))
    write_flags(folder, after)
    if before.live is not after.live:
        switched = [state.sticky for state in states if state.live is after.live]
        assert switched
        assert set(switched) == {after.sticky}
    assert {state.sticky for state in states if state.live is before.live} <= {before.sticky, after.sticky}


@pytest.mark.parametrize("live", Slot)
def test_a_request_that_read_the_live_slot_before_the_switch_still_finds_the_sticky_one(
    tmp_path: Path, live: Slot
) -> None:
    """Nginx reads one file after the other; a switch may come in between."""
    write_flags(tmp_path / "shop", TrafficState(live, sticky=live.other))
    write_flags(tmp_path / "shop", TrafficState(live.other, sticky=live))
    assert (tmp_path / f"shop/held-{live.other}").is_file()


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", STATES)
def test_no_slot_is_live_on_the_way_that_is_neither_the_old_nor_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: TrafficState, after: TrafficState
) -> None:
    folder = tmp_path / "shop"
    write_flags(folder, before)
    slots: list[Slot | None] = []
    monkeypatch.setattr("hookserver.nginx.flags.os.fsync", lambda _: slots.append(read_flags(folder).live))
    write_flags(folder, after)
    assert set(slots) <= {before.live, after.live}


def test_an_app_without_a_folder_gets_no_traffic(tmp_path: Path) -> None:
    assert read_flags(tmp_path / "shop") == TrafficState()


@pytest.mark.parametrize(
    ("flags", "state"),
    [
        ({"up", "green"}, TrafficState(Slot.GREEN)),
        ({"up"}, TrafficState(Slot.BLUE)),
        ({"green"}, TrafficState()),
        ({"up", "green", "held-blue"}, TrafficState(Slot.GREEN, sticky=Slot.BLUE)),
        ({"up", "held-blue"}, TrafficState(Slot.BLUE)),
        ({"green", "held-blue"}, TrafficState()),
    ],
)
def test_a_slots_own_flag_counts_only_while_the_other_slot_is_live(flags: set[str], state: TrafficState) -> None:
    assert state_of(flags) == state


def test_the_folder_can_be_read_by_nginx_whatever_our_umask_is(tmp_path: Path) -> None:
    write_flags(tmp_path / "shop", TrafficState(Slot.GREEN))
    assert (tmp_path / "shop").stat().st_mode & 0o777 == 0o755
