"""What every part of the store stands on: the database, a clock, and the worker's bell."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hookserver.store.database import Database


@dataclass(frozen=True)
class Tables:
    """``clock`` answers Unix seconds; ``bell`` is the worker's wake-up socket."""

    database: Database
    bell: Path
    clock: Callable[[], float] = time.time

    def ring(self) -> None:
        """Wake the worker; when it is not there, it looks at the queue by itself as soon as it is."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as rope:
            rope.setblocking(False)
            try:
                rope.sendto(b"!", str(self.bell))
            except OSError:
                return
