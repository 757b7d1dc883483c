"""The files that the web process reads itself: the settings and the webhooks' secrets."""

from __future__ import annotations

import pwd
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from hookserver.config.load import Loaded
from hookserver.config.secrets import secret_keys
from hookserver.config.walk import Key
from hookserver.state.web_user import may_enter, may_read


def unreadable_by(user: pwd.struct_passwd, loaded: Loaded) -> Iterator[str]:
    """A line with the remedy for each file that the web process, as ``user``, cannot read."""
    for _, file in web_files(loaded):
        closed = next((folder for folder in reversed(file.parents) if not may_enter(user, folder.stat())), None)
        if closed:
            yield f"{file}: the user {user.pw_name} may not enter {closed}: keep the file in /etc/hookserver"
        elif not may_read(user, file.stat()):
            yield f"{file}: the user {user.pw_name} may not read it: chgrp {user.pw_name} {file}; chmod 640 {file}"


def web_files(loaded: Loaded) -> Iterator[tuple[Key, Path]]:
    """Each file that the web process reads, with its key."""
    yield ("settings",), loaded.path.resolve()
    for key, file in _secret_files(loaded.settings, loaded.given):
        yield key, Path(loaded.path.parent, file).resolve()


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
