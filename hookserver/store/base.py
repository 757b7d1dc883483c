"""What every part of the store stands on: the database, a clock, and the worker's bell."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hookserver.state.worker_lock import ring
from hookserver.store.database import Database


@dataclass(frozen=True)
class Tables:
    """``clock`` answers Unix seconds; ``bell`` is the worker's wake-up socket."""

    database: Database
    bell: Path
    clock: Callable[[], float] = time.time

    def ring(self) -> None:
        """Wake the worker; when it is not there, it looks at the queue by itself as soon as it is."""
        ring(self.bell)
