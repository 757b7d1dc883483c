"""Sets the access rights below ``server.state_dir``."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from hookserver.errors import StoreError
from hookserver.state.state_dir import StateDir


def prepare(state: StateDir) -> None:
    """Create missing folders, and let no other user read the database, the logs and the sources.

    Others may only pass through the folder itself: Nginx's workers to the flags, and people who push to ``repos``.
    Rights that another version, or another umask, has left are narrowed. Raises StoreError.
    """
    try:
        _create_root(state)
        for folder in state.private:
            folder.mkdir(mode=0o700, exist_ok=True)
            _narrow(folder)
        # Created before SQLite opens it, which would use the umask: nobody else may read it for a moment, either.
        os.close(os.open(state.database, os.O_RDONLY | os.O_CREAT, 0o600))
        # SQLite's write-ahead log and its index, beside the database: https://www.sqlite.org/wal.html
        for suffix in ("", "-wal", "-shm"):
            _narrow(state.database.with_name(state.database.name + suffix))
    except OSError as error:
        raise StoreError(
            f"server.state_dir {state.root} cannot be created or entered: {error}",
            "Create it and let hookserver's user write to it, or set server.state_dir to another folder.",
        ) from error


def _create_root(state: StateDir) -> None:
    """Leave the rights of a folder that others may use: one with the sticky bit, or one that was there before us."""
    if not state.root.exists():
        state.root.mkdir(parents=True, exist_ok=True)
        state.root.chmod(0o711)
    elif state.database.exists() and not state.root.stat().st_mode & stat.S_ISVTX:
        _narrow(state.root, others=0o011)


def _narrow(path: Path, others: int = 0) -> None:
    """Remove all rights except ``others`` from group and others, where this user may change them."""
    with suppress(FileNotFoundError, PermissionError):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077 & ~others:
            path.chmod(mode & (~0o077 | others))
