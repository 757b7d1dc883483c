"""The bare repositories of our own that are pushed to."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from hookserver.config import AppSettings
from hookserver.errors import NotFound
from hookserver.git import ensure_push_repository
from hookserver.models import Scope
from hookserver.pipeline.context import Context
from hookserver.pipeline.reporting import Report, errors_reported
from hookserver.state.atomic_write import OWNER_ONLY, write_atomically
from hookserver.store import Store

_HOOK = "hooks/post-receive"


def prepare_push_repositories(context: Context, report: Report) -> None:
    """Create what is missing: the repository of each app with ``repository = "push"``, its hook, its API token.

    Can be repeated. A repository that cannot be prepared is reported, and the others are prepared all the same.
    """
    for app in context.settings.apps.values():
        if app.is_pushed_to:
            with errors_reported(f"{app.name}: its repository is not ready for pushes", report):
                _prepare(context, app)


def _prepare(context: Context, app: AppSettings) -> None:
    state = context.settings.server.state
    token = state.push_token(app.name)
    if not _is_valid(context.store, token, app.name):
        token.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(token, f"{_new_token(context.store, app.name)}\n", mode=OWNER_ONLY)
    hook = _shipped(_HOOK).read_text(encoding="utf-8")
    url = context.settings.server.local_url
    ensure_push_repository(state.push_repository(app.name), app.branch, app.name, url, token, hook)


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
