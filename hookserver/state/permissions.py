"""Sets the access rights below ``server.state_dir``."""

from __future__ import annotations

import os
import pwd
import stat
from contextlib import suppress
from pathlib import Path

from hookserver.errors import StoreError
from hookserver.state.state_dir import StateDir


def prepare(state: StateDir, web_user: pwd.struct_passwd | None = None) -> None:
    """Create missing folders, and let no other user read the database, the logs and the sources.

    ``web_user`` may write to the database and to the folders of its sockets, and read the logs; it gets nothing else.
    Others may only pass through the folder itself: Nginx's workers to the flags, and people who push to ``repos``.
    Rights that another version, or another umask, has left are narrowed. The web process itself changes nothing.
    Raises StoreError.
    """
    try:
        if state.database.exists() and state.root.stat().st_uid != os.geteuid():
            return
        _create_root(state)
        for folder in state.private:
            folder.mkdir(mode=0o700, exist_ok=True)
            _narrow(folder)
        database = state.database
        for folder, rights in ((database.parent, 0o070), (state.logs, 0o050)):
            folder.mkdir(mode=0o700, exist_ok=True)
            _share(folder, web_user, rights | stat.S_ISGID)
        for folder in (state.web_socket.parent, state.push_socket.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
            if web_user:
                os.chown(folder, web_user.pw_uid, -1)
            _narrow(folder, others=0o011)
        # Created before SQLite opens it, which would use the umask: nobody else may read it for a moment, either.
        os.close(os.open(database, os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600))
        # SQLite's write-ahead log and its index, beside the database: https://www.sqlite.org/wal.html
        for suffix in ("", "-wal", "-shm"):
            _share(database.with_name(database.name + suffix), web_user, 0o060)
    except OSError as error:
        raise StoreError(
            f"server.state_dir {state.root} cannot be created or entered: {error}",
            "Create it and let hookserver's user write to it, or set server.state_dir to another folder.",
        ) from error


def share_with_web(path: Path, state: StateDir, mode: int) -> None:
    """Let the web process use what root has made in ``state_dir`` itself; without a user of its own it can already."""
    group = state.database.parent.stat().st_gid
    if os.geteuid() == 0 and group != os.getegid():
        os.chown(path, -1, group)
        path.chmod(mode)


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


def _share(path: Path, web_user: pwd.struct_passwd | None, rights: int) -> None:
    """Grant ``rights`` to the group of ``web_user``, and remove all others. Nothing happens where nothing is.

    Without a user, the rights of a group that is not this process's own stay: that is the web process's. A link is not
    followed, and a file with a second name is refused: the web process may make both beside the database.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISDIR(found.st_mode) and (not stat.S_ISREG(found.st_mode) or found.st_nlink > 1):
            raise PermissionError(f"{path} is a link, or another file than hookserver makes")
        mode = stat.S_IMODE(found.st_mode)
        if web_user:
            os.fchown(descriptor, -1, web_user.pw_gid)
            wanted = mode & 0o700 | rights
        else:
            wanted = mode & (0o700 | (rights if found.st_gid != os.getegid() else 0))
        if wanted != mode or web_user:
            os.fchmod(descriptor, wanted)  # fchown(2) may have cleared the set-group-ID bit
    finally:
        os.close(descriptor)
