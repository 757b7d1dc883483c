"""The traffic flags of an app: files that Nginx looks for at each request.

``up``: it gets traffic at all. ``green``: to the green slot, else to blue. ``held-blue``, ``held-green``: while that
slot is not live, it goes on serving those whose sessions it has. A slot's own flag means nothing while it is live, so
it is laid before the switch, and the switch stays one operation on one file.
"""

from __future__ import annotations

import os
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

from hookserver.models import Slot

STICKY = "held-"
"""Before a slot's name: its flag."""


@dataclass(frozen=True)
class Flags:
    """What the files say; ``held``: the slots whose flag is there."""

    up: bool
    green: bool
    held: Set[Slot] = frozenset()

    @property
    def slot(self) -> Slot | None:
        """The live one."""
        return self._serving if self.up else None

    @property
    def sticky_slot(self) -> Slot | None:
        """The slot that is not live and serves the visitors whose sessions it has; None: there is none."""
        other = self._serving.other
        return other if self.up and other in self.held else None

    @property
    def _serving(self) -> Slot:
        return Slot.GREEN if self.green else Slot.BLUE


def read_flags(live: Path) -> Flags:
    """What the files in the folder ``live`` say."""
    held = frozenset(slot for slot in Slot if (live / f"{STICKY}{slot}").is_file())
    return Flags(up=(live / "up").is_file(), green=(live / "green").is_file(), held=held)


def write_flags(live: Path, flags: Flags) -> None:
    """Make the files say ``flags``; they are on disk when this returns.

    ``green`` changes only while ``up`` is in its final place or not there yet, and after the flag of the slot that it
    takes the traffic from, so Nginx never sees a slot, live or held, that was not so before and is not wanted so now.
    Raises OSError.
    """
    live.mkdir(exist_ok=True)
    live.chmod(0o755)
    if not flags.up:
        _lay(live / "up", present=False)
    before = Slot.GREEN if (live / "green").is_file() else Slot.BLUE
    _lay(live / f"{STICKY}{before}", present=before in flags.held)
    _lay(live / "green", present=flags.green)
    for slot in Slot:
        _lay(live / f"{STICKY}{slot}", present=slot in flags.held)
    if flags.up:
        _lay(live / "up", present=True)


def _lay(flag: Path, *, present: bool) -> None:
    if flag.is_file() == present:
        return
    if present:
        flag.touch(mode=0o644)
    else:
        flag.unlink()
    folder = os.open(flag.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
