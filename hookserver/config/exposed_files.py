"""Files with secrets that other users of this machine can read or change."""

from __future__ import annotations

import pwd
import shlex
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from hookserver.config.load import Loaded
from hookserver.config.paths import Content
from hookserver.config.walk import values_of
from hookserver.config.web_access import web_files

_ROOT = 0


def exposed_files(loaded: Loaded) -> Iterator[str]:
    """A line for each, with the command that ends it: the settings file, and the files of secrets that it names.

    The web process, in the group of ``server.user``, reads the settings and the secrets of webhooks, and nothing else.
    """
    user = loaded.settings.server.user
    web = _web_group(user)
    for_web = {_ROOT} if web is None else {_ROOT, web}
    fix = "chmod 600" if web is None else f"chgrp {user} {{0}}; chmod 640"
    for key, file in web_files(loaded):
        yield from _exposed(".".join(key), file, for_web, fix)
    for key, value, content in values_of(loaded.settings):
        if content in (Content.SECRET, Content.VARIABLES) and value:
            yield from _exposed(".".join(key), Path(value), {_ROOT}, "chmod 600")


def who_else(mode: int, group: int, trusted: Collection[int]) -> tuple[str, str]:
    """Who beside the owner has access, as a message says it (empty: nobody), and what they can do.

    Of ``trusted`` groups only root's may write, too: no other one changes what hookserver's own user reads.
    """
    others, members = mode & 0o6, (mode >> 3) & 0o6
    if group in trusted:
        members &= 0 if group == _ROOT else 0o2
    what = "change" if (others | members) & 0o2 else "read"
    return ("every user of this machine" if others else "its group" if members else ""), what


def _exposed(key: str, file: Path, trusted: Collection[int], fix: str) -> Iterator[str]:
    with suppress(OSError):  # a file that is not there, or out of reach, is reported by its reader
        status = file.stat()
        who, what = who_else(status.st_mode, status.st_gid, trusted)
        if who:
            path = shlex.quote(str(file))
            yield f"{key}: {who} can {what} {file}: {fix.format(path)} {path}"


def _web_group(user: str) -> int | None:
    """The group of the web process's user; None when there is no such user, or the web process is root's."""
    try:
        return pwd.getpwnam(user).pw_gid or None
    except KeyError:
        return None
