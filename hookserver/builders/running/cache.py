"""Files under ``cache`` that can be made again at any time."""

from __future__ import annotations

from pathlib import Path

from hookserver.errors import BuildError
from hookserver.state.atomic_write import write_atomically


def keep(place: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, readable by everyone. Raises BuildError."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place, content)
    except OSError as error:
        raise BuildError(f"{place} cannot be written: {error}", "Look after the disk, then deploy again.") from error
