"""The bare repositories of our own that are pushed to."""

from __future__ import annotations

import grp
import os
from contextlib import suppress
from pathlib import Path

from hookserver.config import AppSettings
from hookserver.errors import HookserverError, NotFound
from hookserver.git import PushRepository
from hookserver.models import Scope
from hookserver.pipeline.context import Context
from hookserver.pipeline.reporting import Report, errors_reported
from hookserver.state.atomic_write import OWNER_ONLY, write_atomically
from hookserver.state.state_dir import StateDir
from hookserver.store import Store

_HOOK = "hooks/post-receive"
_ENTERED_BY_ALL = 0o711
"""Of the folder of the repositories: each of them says itself who may enter it."""


def prepare_push_repositories(context: Context, report: Report) -> None:
    """Create what is missing: the repository of each app with ``repository = "push"``, its hook, its API token.

    Can be repeated. A repository that cannot be prepared is reported, and the others are prepared all the same.
    """
    apps = [app for app in context.settings.apps.values() if app.is_pushed_to]
    if not apps:
        return
    with errors_reported("the repositories are not ready for pushes", report):
        state, group = context.settings.server.state, find_push_group(context.settings.server.push_group)
        _open_folders(state, group)
        for app in apps:
            with errors_reported(f"{app.name}: its repository is not ready for pushes", report):
                _prepare(context, app, group)


def find_push_group(name: str) -> int | None:
    """The number of the group whose members may push; None: nobody else may. Raises HookserverError without it."""
    if not name:
        return None
    if os.geteuid() != 0:
        # Our git would read what pushers have written with the rights that it reads all other repositories with.
        raise HookserverError(
            "server.push_group needs hookserver to run as root", "Run it as root, or remove server.push_group."
        )
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError as error:
        raise HookserverError(
            f"server.push_group: there is no group {name}", f"Create it: groupadd --system {name}"
        ) from error


def _open_folders(state: StateDir, group: int | None) -> None:
    """Let the group's members reach the repositories, and the socket on which the API answers their hooks."""
    repositories, socket = state.push_token("any").parent, state.push_socket.parent
    try:
        repositories.mkdir(mode=_ENTERED_BY_ALL, parents=True, exist_ok=True)
        if repositories.is_symlink() or repositories.stat().st_uid != os.geteuid():
            raise HookserverError(f"{repositories} belongs to another user", "Move it away; a new one is created.")
        repositories.chmod(_ENTERED_BY_ALL)
        socket.mkdir(mode=0o700, exist_ok=True)
        os.chown(socket, -1, os.getegid() if group is None else group)
        socket.chmod(0o700 if group is None else 0o710)
    except OSError as error:
        raise HookserverError(f"{error.filename} cannot be set up: {error.strerror}", "Fix its owner.") from error


def _prepare(context: Context, app: AppSettings, group: int | None) -> None:
    state = context.settings.server.state
    token = state.push_token(app.name)
    if not _is_valid(context.store, token, app.name):
        write_atomically(token, f"{_new_token(context.store, app.name)}\n", mode=OWNER_ONLY)
    token.chmod(OWNER_ONLY)
    os.chown(token, -1, os.getegid() if group is None else group)
    token.chmod(OWNER_ONLY if group is None else 0o640)
    hook = _shipped(_HOOK).read_text(encoding="utf-8")
    PushRepository(
        state.push_repository(app.name), app.branch, app.name, state.push_socket, token, hook, group
    ).ensure()


def _is_valid(store: Store, file: Path, app: str) -> bool:
    """Whether the file has the token that lets this app's repository request deploys."""
    with suppress(FileNotFoundError):
        token = store.find_token(file.read_text(encoding="utf-8", errors="replace").strip())
        return token is not None and (token.name, token.app, token.scope) == (f"push:{app}", app, Scope.DEPLOY)
    return False


def _new_token(store: Store, app: str) -> str:
    with suppress(NotFound):
        store.revoke_token(f"push:{app}")
    return store.create_token(f"push:{app}", app, Scope.DEPLOY)


def _shipped(name: str) -> Path:
    """A file that comes with the program: beside the package in a checkout, inside it when installed from a wheel."""
    package = Path(__file__).parents[1]
    inside = package / name
    return inside if inside.exists() else package.parent / name
