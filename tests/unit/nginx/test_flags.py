"""The traffic flag."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from hookserver.models import Slot, TrafficState
from hookserver.nginx.flags import flag_of, read_flag, remove_flag, states_in_order, write_flag

OPEN = [TrafficState(live, sticky) for live in Slot for sticky in (None, live.other)]
STATES = [TrafficState(), *OPEN]


def test_each_state_has_a_name_of_its_own() -> None:
    assert [flag_of(state) for state in STATES] == ["", "blue", "blue-sticky-green", "green", "green-sticky-blue"]


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", STATES)
def test_every_state_can_follow_every_other(tmp_path: Path, before: TrafficState, after: TrafficState) -> None:
    write_flag(tmp_path / "shop", before)
    write_flag(tmp_path / "shop", after)
    assert read_flag(tmp_path / "shop") == after
    assert [file.name for file in (tmp_path / "shop").iterdir()] == ([flag_of(after)] if after.live else [])


def test_a_removed_flag_leaves_no_folder_and_the_other_apps(tmp_path: Path) -> None:
    for app in ("blog", "shop"):
        write_flag(tmp_path / app, TrafficState(Slot.GREEN))
    remove_flag(tmp_path / "blog")
    remove_flag(tmp_path / "blog")
    assert [folder.name for folder in tmp_path.iterdir()] == ["shop"]
    assert read_flag(tmp_path / "shop") == TrafficState(Slot.GREEN)


def test_the_usual_states_are_checked_first() -> None:
    assert states_in_order()[:2] == (TrafficState(Slot.BLUE), TrafficState(Slot.GREEN))
    assert set(states_in_order()) == set(OPEN)
    assert set(states_in_order(sticky=False)) == {TrafficState(slot) for slot in Slot}


@pytest.mark.parametrize("sticky", [False, True])
def test_a_request_finds_the_flag_whatever_is_renamed_between_its_checks(sticky: bool) -> None:
    order = states_in_order(sticky=sticky)
    for before, after in itertools.permutations(set(order), 2):
        for renamed_at in range(len(order) + 1):
            found = [state for at, state in enumerate(order) if state == (before if at < renamed_at else after)]
            assert found, f"{before} → {after} before check {renamed_at}"


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", STATES)
def test_a_change_is_one_operation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: TrafficState, after: TrafficState
) -> None:
    """A process that is killed on the way leaves the old state or the new one."""
    folder = tmp_path / "shop"
    write_flag(folder, before)
    operations: list[str] = []

    for name in ("touch", "replace", "unlink"):
        real = getattr(Path, name)

        def counting(*given: object, _name: str = name, _real: Callable[..., object] = real, **named: object) -> object:
            operations.append(_name)
            return _real(*given, **named)

        monkeypatch.setattr(Path, name, counting)
    write_flag(folder, after)
    assert len(operations) == (before != after)


def test_write_flag_removes_every_other_flag(tmp_path: Path) -> None:
    write_flag(tmp_path, TrafficState(Slot.GREEN))
    (tmp_path / "blue").touch()
    assert read_flag(tmp_path) == TrafficState(Slot.BLUE)
    write_flag(tmp_path, TrafficState(Slot.GREEN, sticky=Slot.BLUE))
    assert [file.name for file in tmp_path.iterdir()] == ["green-sticky-blue"]


def test_an_app_without_a_folder_gets_no_traffic(tmp_path: Path) -> None:
    assert read_flag(tmp_path / "shop") == TrafficState()


def test_the_folder_can_be_read_by_nginx_whatever_our_umask_is(tmp_path: Path) -> None:
    write_flag(tmp_path / "shop", TrafficState(Slot.GREEN))
    assert (tmp_path / "shop").stat().st_mode & 0o777 == 0o755
