"""The user of the web process: the only process of ours that reads what strangers send, so it has no other rights."""

from __future__ import annotations

import os
import pwd

from hookserver.errors import HookserverError


def find_web_user(name: str) -> pwd.struct_passwd | None:
    """The user ``name``, when this process is root's; None when the web process runs as this process's own user.

    Raises HookserverError when there is no such user.
    """
    if os.geteuid() != 0 or name == "root":
        return None
    try:
        return pwd.getpwnam(name)
    except KeyError as error:
        raise HookserverError(
            f"server.user: there is no user {name}, as whom the web process runs",
            f"Create it: useradd --system --user-group --no-create-home --shell /usr/sbin/nologin {name}",
        ) from error


def may_read(user: pwd.struct_passwd, file: os.stat_result) -> bool:
    """Whether the mode of a file or folder lets the user read it; only their primary group counts."""
    return _has(user, file, 0o4)


def may_enter(user: pwd.struct_passwd, folder: os.stat_result) -> bool:
    """Whether the mode of a folder lets the user reach what is in it: path_resolution(7)."""
    return _has(user, folder, 0o1)


def _has(user: pwd.struct_passwd, found: os.stat_result, right: int) -> bool:
    if found.st_uid == user.pw_uid:
        return bool(found.st_mode & (right << 6))
    return bool(found.st_mode & (right << 3 if found.st_gid == user.pw_gid else right))
