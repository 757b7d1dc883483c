"""The traffic flags."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from hookserver.models import Slot
from hookserver.nginx.flags import Flags, read_flags, write_flags

STICKY: list[frozenset[Slot]] = [frozenset(), frozenset({Slot.BLUE}), frozenset(Slot)]
STATES = [Flags(up, green, held) for up, green, held in itertools.product((False, True), (False, True), STICKY)]


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", STATES)
def test_every_state_can_follow_every_other(tmp_path: Path, before: Flags, after: Flags) -> None:
    write_flags(tmp_path / "shop", before)
    write_flags(tmp_path / "shop", after)
    assert read_flags(tmp_path / "shop") == after


@pytest.mark.parametrize("before", [one for one in STATES if one.up])
@pytest.mark.parametrize("after", [one for one in STATES if one.up])
def test_no_slot_is_held_on_the_way_that_is_not_in_the_end_but_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: Flags, after: Flags
) -> None:
    """From the switch on the slot that had the traffic is held, or not, as wanted."""
    live = tmp_path / "shop"
    write_flags(live, before)
    seen: list[Flags] = []
    monkeypatch.setattr("hookserver.nginx.flags.os.fsync", lambda _: seen.append(read_flags(live)))
    write_flags(live, after)
    if before.green != after.green:
        switched = [flags.sticky_slot for flags in seen if flags.slot is after.slot]
        assert switched
        assert set(switched) == {after.sticky_slot}
    assert {flags.sticky_slot for flags in seen if flags.slot is before.slot} <= {before.sticky_slot, after.sticky_slot}


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", STATES)
def test_no_slot_is_shown_on_the_way_that_is_neither_the_old_nor_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: Flags, after: Flags
) -> None:
    live = tmp_path / "shop"
    write_flags(live, before)
    seen: list[Slot | None] = []
    monkeypatch.setattr("hookserver.nginx.flags.os.fsync", lambda _: seen.append(read_flags(live).slot))
    write_flags(live, after)
    assert set(seen) <= {before.slot, after.slot}


def test_an_app_without_a_folder_gets_no_traffic(tmp_path: Path) -> None:
    assert read_flags(tmp_path / "shop").slot is None


def test_the_slot_is_what_the_flags_say() -> None:
    assert Flags(up=True, green=True).slot is Slot.GREEN
    assert Flags(up=True, green=False).slot is Slot.BLUE
    assert Flags(up=False, green=True).slot is None


def test_the_slot_that_is_not_live_is_held_when_its_own_flag_is_there() -> None:
    blue = frozenset({Slot.BLUE})
    assert Flags(up=True, green=True, held=blue).sticky_slot is Slot.BLUE
    assert Flags(up=True, green=False, held=blue).sticky_slot is None
    assert Flags(up=False, green=True, held=blue).sticky_slot is None


def test_the_folder_can_be_read_by_nginx_whatever_our_umask_is(tmp_path: Path) -> None:
    write_flags(tmp_path / "shop", Flags(up=True, green=True))
    assert (tmp_path / "shop").stat().st_mode & 0o777 == 0o755
