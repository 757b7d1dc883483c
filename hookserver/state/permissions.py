"""Who may read what below ``server.state_dir``."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from hookserver.errors import StoreError
from hookserver.state.state_dir import StateDir


def prepare(state: StateDir) -> None:
    """Make what is missing, and let nobody else read the database, the logs and the sources.

    The folder itself is passed through: by Nginx's workers to the flags, by those who push to ``repos``. What an older
    hookserver, or another umask, left open is shut. Raises StoreError.
    """
    try:
        _make_root(state)
        for folder in state.private:
            folder.mkdir(mode=0o700, exist_ok=True)
            _narrow(folder)
        os.close(os.open(state.database, os.O_RDONLY | os.O_CREAT, 0o600))
        for suffix in ("", "-wal", "-shm"):
            _narrow(state.database.with_name(state.database.name + suffix))
    except OSError as error:
        raise StoreError(
            f"server.state_dir {state.root} cannot be made or entered: {error}",
            "Make it, let hookserver's user write in it, or name another.",
        ) from error


def _make_root(state: StateDir) -> None:
    """A folder that was there before us is its owner's affair: it may be anybody's."""
    if not state.root.exists():
        state.root.mkdir(parents=True, exist_ok=True)
        state.root.chmod(0o711)
    elif state.database.exists() and not state.root.stat().st_mode & stat.S_ISVTX:
        _narrow(state.root, others=0o011)


def _narrow(path: Path, others: int = 0) -> None:
    """Take from group and others all but these rights, where it is ours to do so."""
    with suppress(FileNotFoundError, PermissionError):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077 & ~others:
            path.chmod(mode & (~0o077 | others))
