"""The traffic flags of an app: empty files that Nginx looks for at each request.

``up``: the app gets traffic at all. ``green``: it goes to the green slot, else to blue. ``held-blue``, ``held-green``:
while that slot is not live, it still serves the visitors whose sessions it holds. The flag of the live slot means
nothing, so it is set before the switch, and the switch stays one operation on one file.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from hookserver.models import Slot, TrafficState

STICKY = "held-"
"""Before a slot's name: its flag."""
_NAMES = ("up", "green", *(f"{STICKY}{slot}" for slot in Slot))


def flags_of(state: TrafficState) -> frozenset[str]:
    """The names of the flag files that say ``state``."""
    if state.live is None:
        return frozenset()
    flags = {"up", *(["green"] if state.live is Slot.GREEN else [])}
    return frozenset(flags | ({f"{STICKY}{state.sticky}"} if state.sticky else set()))


def state_of(flags: Collection[str]) -> TrafficState:
    """What the flag files with these names say."""
    if "up" not in flags:
        return TrafficState()
    live = Slot.GREEN if "green" in flags else Slot.BLUE
    return TrafficState(live, live.other if f"{STICKY}{live.other}" in flags else None)


def read_flags(folder: Path) -> TrafficState:
    """What the flag files in ``folder`` say; no traffic where there is no folder."""
    return state_of({name for name in _NAMES if (folder / name).is_file()})


def write_flags(folder: Path, state: TrafficState) -> None:
    """Make the flag files say ``state``; they are on disk when this returns.

    Nginx reads one file after the other. ``green`` changes only while ``up`` is in its final place or missing, and
    after the flag of the slot that it takes the traffic from, so Nginx never sees a slot, live or sticky, that was not
    so before and is not wanted now. The new live slot's own flag stays: a request that is under way may still need it.
    Raises OSError.
    """
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    flags = flags_of(state)
    if state.live is None:
        _set(folder / "up", present=False)
    else:
        before = Slot.GREEN if (folder / "green").is_file() else Slot.BLUE
        _set(folder / f"{STICKY}{before}", present=f"{STICKY}{before}" in flags)
        _set(folder / "green", present="green" in flags)
    for slot in Slot:
        if slot is not state.live:
            _set(folder / f"{STICKY}{slot}", present=f"{STICKY}{slot}" in flags)
    if state.live is not None:
        _set(folder / "up", present=True)


def _set(flag: Path, *, present: bool) -> None:
    if flag.is_file() == present:
        return
    if present:
        flag.touch(mode=0o644)
    else:
        flag.unlink()
    # A new or removed name survives a crash only once its folder is written: fsync(2).
    folder = os.open(flag.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
