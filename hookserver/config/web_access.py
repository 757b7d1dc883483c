"""The files that the web process reads itself: the settings and the webhooks' secrets."""

from __future__ import annotations

import pwd
from collections.abc import Iterator
from pathlib import Path

from hookserver.config.load import Loaded
from hookserver.state.web_user import may_enter, may_read


def unreadable_by(user: pwd.struct_passwd, loaded: Loaded) -> Iterator[str]:
    """A line with the remedy for each file that the web process, as ``user``, cannot read."""
    for file in _files(loaded):
        closed = next((folder for folder in reversed(file.parents) if not may_enter(user, folder.stat())), None)
        if closed:
            yield f"{file}: the user {user.pw_name} may not enter {closed}: keep the file in /etc/hookserver"
        elif not may_read(user, file.stat()):
            yield f"{file}: the user {user.pw_name} may not read it: chgrp {user.pw_name} {file}; chmod 640 {file}"


def _files(loaded: Loaded) -> Iterator[Path]:
    yield loaded.path.resolve()
    for app in loaded.given.get("apps", {}).values():
        if named := app.get("webhook_secret_file"):
            yield Path(loaded.path.parent, named).resolve()
