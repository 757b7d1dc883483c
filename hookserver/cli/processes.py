"""Commands that run until they are stopped: ``serve``, ``worker``, ``up``."""

from __future__ import annotations

import os
import sys

import click

from hookserver.cli.context import with_settings
from hookserver.config import Loaded


@click.command()
@with_settings
def serve(loaded: Loaded) -> None:
    """Run the web process, which takes webhooks and API calls."""
    from hookserver.web.gunicorn import serve as serve_forever
    from hookserver.wiring import configure_logging, open_store

    configure_logging()
    open_store(loaded.settings).close()
    serve_forever(loaded)


@click.command()
@with_settings
def worker(loaded: Loaded) -> None:
    """Run the worker, which deploys what the web process queues."""
    from hookserver.wiring import configure_logging, make_worker

    configure_logging()
    make_worker(loaded).run()


@click.command()
@with_settings
def up(loaded: Loaded) -> None:
    """Run web process and worker in the foreground. Each is restarted when it ends."""
    # In place of this process, so that systemd's main process and signals are the supervisor's.
    os.execv(sys.executable, [sys.executable, "-P", "-m", "hookserver.supervisor", str(loaded.path)])  # noqa: S606
