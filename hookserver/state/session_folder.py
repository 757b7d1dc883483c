"""The folder of an app's stored sessions, which the replicas of both slots read and write: ``sessions = "shared"``.

Tomcat writes them there (``tomcat_library``): a folder for each web context, a file for each session. Docker mounts it.
It stays when ``release.sessions`` changes, for the way back, and goes with the app. Whoever runs as the app's user may
put anything into it, so no link in it is followed, and nothing in it is opened that is neither file nor folder. The
folder itself may be an operator's link to another disk.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from hookserver.state import posix_acl

_IN_CONTAINER = "/run/hookserver/sessions"
"""Where the folder is in the replica's container."""
_DEPTH = 4
"""Levels of folders that Tomcat makes at most; deeper ones are somebody else's."""


def binds(folder: Path) -> list[str]:
    """Docker's ``Binds`` for the folder; none where Docker cannot parse its path."""
    # Docker splits "host:container" at each colon: https://docs.docker.com/engine/storage/bind-mounts/
    return [] if ":" in str(folder) else [f"{folder}:{_IN_CONTAINER}"]


def jvm_options(most: int) -> list[str]:
    """The options by which the replica's Tomcat finds the folder, and how many bytes it may fill."""
    return [f"-Dhookserver.sessions={_IN_CONTAINER}", f"-Dhookserver.sessions_max={most}"]


def make(folder: Path, user: int | None) -> str:
    """Make the folder if it is missing, and let ``user`` in, besides those who have access; None: root, if it is new.

    Returns why ``user`` has no access; empty: they have. Raises OSError when there is no folder and none can be made.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with suppress(PermissionError):
        folder.parent.chmod(0o711)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return admit(folder, [user or 0])
    return grant(folder, [user or 0])


def admit(folder: Path, users: Sequence[int]) -> str:
    """As `grant`, for these ``users`` and all who have access already. Raises OSError when the folder is missing.

    Root needs no grant: in a container, too, it has CAP_DAC_OVERRIDE of capabilities(7).
    """
    with _opened(folder, flags=os.O_DIRECTORY) as descriptor:
        owner = os.fstat(descriptor).st_uid
        before = [owner, *posix_acl.named_users(_acl(f"/proc/self/fd/{descriptor}", posix_acl.ACCESS))]
    return "" if set(users) <= {0, *before} else grant(folder, list(dict.fromkeys((*before, *users))))


def grant(folder: Path, users: Sequence[int]) -> str:
    """Let these ``users``, and no other except root, read, write, rename and delete all that is or comes in the folder.

    The folder belongs to the first of them. A file comes out as 0600 and a folder as 0700, whatever the umask is; with
    several users, as 0660 and 0770 for those by name alone (the group's part is then the mask: acl(5)).
    Returns why some have no access; empty: all have. Raises OSError when the folder is missing.
    """
    with _opened(folder, flags=os.O_DIRECTORY) as top:
        reason = _set(top, users, is_folder=True)
        # Twice: a file that was made before the default list was set may be renamed to its place after the first look.
        for _ in range(2):
            reason = _within(top, users, _DEPTH) or reason
            reason = _set(top, users, is_folder=True) or reason
    return reason


def _within(folder: int, users: Sequence[int], depth: int) -> str:
    reason = ""
    try:
        descriptor = os.open(f"/proc/self/fd/{folder}", os.O_RDONLY | os.O_DIRECTORY)
    except PermissionError as error:
        return _explain(error)
    try:
        with os.scandir(descriptor) as entries:
            for entry in entries:
                # It may be gone, or renamed: the next look finds what is there then.
                with suppress(FileNotFoundError):
                    reason = _entry(descriptor, entry, users, depth) or reason
    finally:
        os.close(descriptor)
    return reason


def _entry(parent: int, entry: os.DirEntry[str], users: Sequence[int], depth: int) -> str:
    seen = entry.stat(follow_symlinks=False)
    if stat.S_ISREG(seen.st_mode) and {seen.st_uid} == {*users} and not seen.st_mode & 0o077:
        return ""
    with _opened(entry.name, parent) as descriptor:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISREG(mode):
            return _set(descriptor, users, is_folder=False)
        if not stat.S_ISDIR(mode) or depth == 0:
            return ""
        reason = _set(descriptor, users, is_folder=True)
        return _within(descriptor, users, depth - 1) or reason


def _set(descriptor: int, users: Sequence[int], *, is_folder: bool) -> str:
    """Give one entry its lists, and its owner where that is safe; why it has not got them, or nothing."""
    path = f"/proc/self/fd/{descriptor}"
    reason = ""
    owner = os.fstat(descriptor).st_uid
    named = users if {owner} != {*users} else ()
    wanted = {posix_acl.DEFAULT: posix_acl.encode(posix_acl.ALL, named)} if is_folder else {}
    wanted[posix_acl.ACCESS] = posix_acl.encode(posix_acl.ALL if is_folder else posix_acl.READ_WRITE, named)
    try:
        for name, acl in wanted.items():
            # A change of an unchanged file would look to Tomcat as if its session had changed.
            if _acl(path, name) != acl:
                os.setxattr(path, name, acl)
    except OSError as error:
        reason = _explain(error)
    # A file of several users stays its writer's, who may be about to set its times: utimensat(2).
    if owner != users[0] and (is_folder or reason or len(users) == 1):
        with suppress(PermissionError):
            os.chown(path, users[0], -1)
    return reason if len(users) > 1 or os.fstat(descriptor).st_uid != users[0] else ""


def _explain(error: OSError) -> str:
    if error.errno in (errno.ENOTSUP, errno.ENOSYS):
        return "its file system has no POSIX access control lists"
    return f"its access control lists cannot be set: {error.strerror}"


def _acl(path: str, name: str) -> bytes:
    """The list, as far as it says more than the mode does."""
    try:
        return os.getxattr(path, name)
    except OSError:
        return b""


@contextmanager
def _opened(name: str | Path, parent: int | None = None, flags: int = os.O_NOFOLLOW) -> Iterator[int]:
    """A descriptor that only names what is there now: opening a pipe or a device would do something.

    O_PATH of open(2); ``/proc/self/fd`` leads from it to the very same entry, without its name.
    """
    descriptor = os.open(name, os.O_PATH | flags, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
