"""The processes: web, worker, and both."""

from __future__ import annotations

import os
import sys

import click

from hookserver.cli.context import with_settings
from hookserver.config import Loaded


@click.command()
@with_settings
def serve(loaded: Loaded) -> None:
    """Run the web process: webhooks and the API."""
    from hookserver.web.gunicorn import serve as serve_forever
    from hookserver.wiring import configure_logging, open_store

    configure_logging()
    open_store(loaded.settings).close()
    serve_forever(loaded)


@click.command()
@with_settings
def worker(loaded: Loaded) -> None:
    """Run the worker: it builds, starts, switches and retires."""
    from hookserver.wiring import configure_logging, make_worker

    configure_logging()
    make_worker(loaded).run()


@click.command()
@with_settings
def up(loaded: Loaded) -> None:
    """Run web and worker together in the foreground."""
    os.execv(sys.executable, [sys.executable, "-m", "hookserver.supervisor", str(loaded.path)])  # noqa: S606
