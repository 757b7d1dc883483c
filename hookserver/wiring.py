"""Settings → concrete objects. Docker and git are imported where they are needed: the web processes need neither."""

from __future__ import annotations

import gc
import logging
import sys
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from hookserver.config import Loaded, Settings, reread
from hookserver.errors import SettingsError, StoreError
from hookserver.nginx import Nginx
from hookserver.plain_text import plain
from hookserver.state.permissions import prepare
from hookserver.state.web_user import find_web_user
from hookserver.store import Store

if TYPE_CHECKING:
    from hookserver.pipeline.context import Context
    from hookserver.worker.loop import Worker


def open_store(settings: Settings) -> Store:
    """The database, migrated, with a row for every app. Raises StoreError when it is missing or cannot be used."""
    state = settings.server.state
    if not state.database.exists() and state.has_live_apps():
        raise StoreError(
            f"the database {state.database} is missing, though apps are live",
            "They stay live. Put a backup of it there; or, to start again with a deploy of each app, "
            f"make an empty one: touch {state.database}",
        )
    prepare(state, find_web_user(settings.server.user))
    store = Store(state)
    store.upgrade()
    store.sync_apps(settings.apps)
    return store


def make_worker(loaded: Loaded) -> Worker:
    """The worker with all that it works with. Imports all that its child processes need, before it forks them.

    Raises SettingsError when apps are live on another subnet than the settings name now, StoreError.
    """
    from hookserver.worker.child import run_task
    from hookserver.worker.loop import Worker

    for room in ("hookserver.builders", "hookserver.containers"):
        import_module(room)
    # Else a garbage collection in a child copies the memory that it shares with the worker, 23 MB, and takes 85 ms
    # instead of 1: https://docs.python.org/3/library/gc.html#gc.freeze
    gc.freeze()
    store = open_store(loaded.settings)
    _refuse_another_subnet(loaded, store)
    in_child = partial(run_task, make_context, store)
    report = logging.getLogger("worker").info
    return Worker(loaded.settings, store, in_child, _is_serving, partial(reread, loaded.path), report)


def _is_serving(settings: Settings) -> bool:
    return Nginx(settings).is_running()


def _refuse_another_subnet(loaded: Loaded, store: Store) -> None:
    """On another subnet, Nginx would find no replica that runs."""
    before = store.effective_settings().settings.get("docker", {}).get("subnet")
    if before and before != str(loaded.settings.docker.subnet) and (live := store.live_releases()):
        raise SettingsError(
            str(loaded.path), [f"docker.subnet: {', '.join(live)} is live on {before}: set it back to that"]
        )


def make_context(settings: Settings, store: Store) -> Context:
    """The services that the pipeline works with. Raises StoreError."""
    from hookserver.builders import DockerImages
    from hookserver.containers import Containers
    from hookserver.pipeline.context import Context

    state, numbers = settings.server.state, store.sync_apps(())
    return Context(
        settings=settings,
        numbers=numbers,
        store=store,
        images=DockerImages(settings.docker, state, store.effective_settings().salt),
        runtime=Containers(settings.docker, state.root),
        traffic=Nginx(settings),
    )


class _PlainFormatter(logging.Formatter):
    """An event quotes pushes, repositories and servers, a traceback too."""

    def format(self, record: logging.LogRecord) -> str:
        return plain(super().format(record))


def configure_logging() -> None:
    """Events on stderr as plain text, each with the time and the process that logs it."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_PlainFormatter("%(asctime)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for chatty in ("urllib3", "docker", "git"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
