"""The one way to write a file that another process may read at any moment."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

OWNER_ONLY = 0o600
"""The mode of a file that only its owner may read."""


def write_atomically(path: Path, content: str | bytes, *, mode: int = 0o644, durable: bool = False) -> None:
    """Replace the file's content: a reader finds the old content or the new one, never a part.

    The file has ``mode`` from the moment it has its name, whatever the umask is. ``durable``: it survives a power cut
    once this returns. Raises OSError; the old file is unchanged then, and no temporary file is left.
    """
    data = content.encode() if isinstance(content, str) else content
    # A name that begins with a dot: no `include *.conf` of Nginx matches it (glob(7)). mkstemp(3) makes
    # it 0600, under a name that nobody can guess, and follows no link (O_EXCL: open(2)).
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(descriptor, mode)
            if durable:
                os.fsync(descriptor)
        # rename(2): the new name replaces the old file atomically, within one file system.
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Let the names in the folder survive a power cut: fsync(2) of a file does not include its name. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
