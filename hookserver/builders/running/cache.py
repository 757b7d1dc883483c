"""Files under ``cache`` that can be made again at any time."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hookserver.errors import BuildError


def keep(place: Path, content: bytes) -> None:
    """Write a file that is there whole or not at all, readable by everyone. Raises BuildError."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=place.parent, delete=False) as file:
            file.write(content)
        written = Path(file.name)
        written.chmod(0o644)
        written.replace(place)
    except OSError as error:
        raise BuildError(f"{place} cannot be written: {error}", "Look after the disk, then deploy again.") from error
