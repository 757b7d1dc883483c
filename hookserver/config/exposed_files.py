"""Files with secrets that other users of this machine can read or change."""

from __future__ import annotations

import pwd
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from hookserver.config.load import Loaded
from hookserver.config.paths import Content
from hookserver.config.secrets import secret_keys
from hookserver.config.walk import Key, values_of

_ROOT = 0


def exposed_files(loaded: Loaded) -> Iterator[str]:
    """A line for each, with the command that ends it: the settings file, and the files of secrets that it names.

    The web process, in the group of ``server.user``, reads the settings and the secrets of webhooks, and nothing else.
    """
    user = loaded.settings.server.user
    web = _web_group(user)
    for_web = {_ROOT} if web is None else {_ROOT, web}
    fix = "chmod 600" if web is None else f"chgrp {user} {{0}}; chmod 640"
    base = loaded.path.absolute().parent
    yield from _exposed("settings", loaded.path.absolute(), for_web, fix)
    for key, file in _secret_files(loaded.settings, loaded.given):
        yield from _exposed(".".join(key), base / file, for_web, fix)
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


def _secret_files(value: object, given: Any, prefix: Key = ()) -> Iterator[tuple[Key, str]]:
    """The files of ``<key>_file`` with their keys: the settings have only their texts."""
    tables: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, BaseModel):
        files = [f"{key}_file" for key in secret_keys(type(value))]
        yield from (((*prefix, key), given[key]) for key in files if key in given)
        tables = value
    elif isinstance(value, Mapping):
        tables = value.items()
    for key, inner in tables:
        if key in given:
            yield from _secret_files(inner, given[key], (*prefix, key))


def _web_group(user: str) -> int | None:
    """The group of the web process's user; None when there is no such user, or the web process is root's."""
    try:
        return pwd.getpwnam(user).pw_gid or None
    except KeyError:
        return None
