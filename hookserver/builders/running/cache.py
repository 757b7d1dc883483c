"""Files in the cache folder: a build makes those that are missing again."""

from __future__ import annotations

from pathlib import Path

from hookserver.errors import BuildError
from hookserver.state.atomic_write import write_atomically


def write_cached(path: Path, content: bytes) -> None:
    """Write the file, and its folder where that is missing; readable by everyone. Raises BuildError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    except OSError as error:
        raise BuildError(
            f"{path} cannot be written: {error}", "Check the disk and the folder's owner, then deploy again."
        ) from error
