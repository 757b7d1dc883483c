"""Commands that run until they are stopped: ``serve``, ``worker``, ``up``."""

from __future__ import annotations

import os
import sys

import click

from hookserver.cli.context import with_settings
from hookserver.config import Loaded, unreadable_by
from hookserver.errors import Refused, SettingsError
from hookserver.state.web_user import find_web_user


@click.command()
@with_settings
def serve(loaded: Loaded) -> None:
    """Run the web process, which takes webhooks and API calls."""
    from hookserver.web.gunicorn import serve as serve_forever
    from hookserver.wiring import configure_logging, open_store

    if user := find_web_user(loaded.settings.server.user):
        raise Refused(
            f"the web process runs as {user.pw_name}, not as root",
            f"Use `hookserver up`, or: setpriv --reuid {user.pw_name} --regid {user.pw_gid} --clear-groups "
            "--no-new-privs hookserver serve",
        )
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
    from hookserver.wiring import open_store

    user = find_web_user(loaded.settings.server.user)
    if user and (mistakes := list(unreadable_by(user, loaded))):
        raise SettingsError(str(loaded.path), mistakes)
    open_store(loaded.settings).close()  # the web process may not create what is missing
    # In place of this process, so that systemd's main process and signals are the supervisor's.
    arguments = ["-P", "-m", "hookserver.supervisor", str(loaded.path), *([user.pw_name] if user else [])]
    os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606
