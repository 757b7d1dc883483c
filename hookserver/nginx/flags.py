"""The traffic flags of an app: the files ``up`` and ``green``, which Nginx looks for at each request."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from hookserver.models import Slot


@dataclass(frozen=True)
class Flags:
    """``up``: the app gets traffic at all. ``green``: it goes to the green slot, else to blue."""

    up: bool
    green: bool

    @property
    def slot(self) -> Slot | None:
        if not self.up:
            return None
        return Slot.GREEN if self.green else Slot.BLUE


def read_flags(live: Path) -> Flags:
    """What the files in the folder ``live`` say."""
    return Flags(up=(live / "up").is_file(), green=(live / "green").is_file())


def write_flags(live: Path, flags: Flags) -> None:
    """Make the files say ``flags``; they are on disk when this returns.

    ``green`` changes only while ``up`` is in its final place or not there yet, so Nginx never sees a slot that was not
    live before and is not wanted now. Raises OSError.
    """
    live.mkdir(exist_ok=True)
    live.chmod(0o755)
    if not flags.up:
        _lay(live / "up", present=False)
    _lay(live / "green", present=flags.green)
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
