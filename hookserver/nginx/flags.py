"""The traffic flag of an app: one empty file, whose name says where the app's requests go.

Nginx checks for it at each request. In the usual states, ``blue`` and ``green``, that takes one check, or two; only
when there is neither does it check for the names of the exceptions. A switch renames the file, so it is one operation,
and both the old and the new state are whole: rename(2) replaces a name atomically.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from hookserver.models import Slot, TrafficState
from hookserver.state.atomic_write import sync_folder

_USUAL = tuple(TrafficState(slot) for slot in Slot)
_STICKY = tuple(TrafficState(slot.other, sticky=slot) for slot in Slot)


def flag_of(state: TrafficState) -> str:
    """The name of the file for ``state``, such as ``green-sticky-blue``; empty: that state has no file."""
    if state.live is None:
        return ""
    return f"{state.live}-sticky-{state.sticky}" if state.sticky else str(state.live)


def states_in_order(*, sticky: bool = True) -> tuple[TrafficState, ...]:
    """The states in the order in which their files are checked, one after the other, until one is there.

    The file may be renamed between two checks. Every state comes after every other one in this order, so whatever the
    change, either its old or its new name is found. ``sticky``: whether the app's sessions can be.
    """
    return (*_USUAL, *_STICKY, _STICKY[0], *reversed(_USUAL)) if sticky else (*_USUAL, _USUAL[0])


def read_flag(folder: Path) -> TrafficState:
    """The traffic state of the flag in ``folder``; no traffic where there is none."""
    for state in states_in_order():
        if (folder / flag_of(state)).is_file():
            return state
    return TrafficState()


def write_flag(folder: Path, state: TrafficState) -> None:
    """Set the flag to ``state``; it is on disk when this returns. Raises OSError."""
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    wanted = flag_of(state)
    present = [name for name in map(flag_of, (*_USUAL, *_STICKY)) if (folder / name).is_file()]
    if present == ([wanted] if wanted else []):
        return
    if not present:
        (folder / wanted).touch(mode=0o644)
    elif wanted:
        (folder / present[0]).replace(folder / wanted)
    for name in present if not wanted else present[1:]:
        if name != wanted:
            (folder / name).unlink()
    # A new or removed name survives a crash only once its folder is written: fsync(2).
    sync_folder(folder)


def remove_flag(folder: Path) -> None:
    """Remove the flag with its folder; nothing is done where there is none. Raises OSError."""
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)
