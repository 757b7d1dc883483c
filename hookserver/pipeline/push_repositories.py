"""The bare repositories of our own that are pushed to."""

from __future__ import annotations

from pathlib import Path

from hookserver.config import AppSettings
from hookserver.git import ensure_push_repository
from hookserver.pipeline.context import Context
from hookserver.pipeline.reporting import Report, errors_reported
from hookserver.state.atomic_write import OWNER_ONLY, write_atomically

_HOOK = "hooks/post-receive"


def prepare_push_repositories(context: Context, report: Report) -> None:
    """Create what is missing: the repository of each app with ``repository = "push"``, its hook, its API token.

    Can be repeated. A repository that cannot be prepared is reported, and the others are prepared all the same.
    """
    tokens = {token.name for token in context.store.tokens()}
    for app in context.settings.apps.values():
        if app.is_pushed_to:
            with errors_reported(f"{app.name}: its repository is not ready for pushes", report):
                _prepare(context, app, has_token=f"push:{app.name}" in tokens)


def _prepare(context: Context, app: AppSettings, *, has_token: bool) -> None:
    state = context.settings.server.state
    token = state.push_token(app.name)
    if not has_token or not token.exists():
        token.parent.mkdir(parents=True, exist_ok=True)
        secret = context.store.create_token(f"push:{app.name}", app.name)
        write_atomically(token, f"{secret}\n", mode=OWNER_ONLY)
    hook = _shipped(_HOOK).read_text(encoding="utf-8")
    url = context.settings.server.local_url
    ensure_push_repository(state.push_repository(app.name), app.branch, app.name, url, token, hook)


def _shipped(name: str) -> Path:
    """A file that comes with the program: beside the package in a checkout, inside it when installed from a wheel."""
    package = Path(__file__).parents[1]
    inside = package / name
    return inside if inside.exists() else package.parent / name
