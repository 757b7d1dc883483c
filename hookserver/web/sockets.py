"""The Unix sockets on which the web process answers: one for Nginx, one for the hooks of our own repositories.

Their folders say who may connect, so the sockets themselves are open: unix(7), Pathname socket ownership.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from hookserver.errors import HookserverError, Refused
from hookserver.state.state_dir import StateDir

_BACKLOG = 512


@contextmanager
def listening(state: StateDir) -> Iterator[list[socket.socket]]:
    """Both sockets. Raises Refused when another web process answers there, HookserverError when they cannot be made."""
    paths = (state.web_socket, state.push_socket)
    with ExitStack() as stack:
        try:
            lock = os.open(state.web_socket.with_name("lock"), os.O_RDWR | os.O_CREAT, 0o600)
            stack.callback(os.close, lock)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            sockets = [stack.enter_context(_listen(path)) for path in paths]
        except BlockingIOError as error:
            raise Refused(
                f"another web process runs for {state.root}", "Stop it first: a state_dir has one web process."
            ) from error
        except OSError as error:
            raise HookserverError(
                f"cannot listen in {paths[0].parent} and {paths[1].parent}: {error}",
                "Start `hookserver up` or `hookserver worker` once as the user who owns server.state_dir.",
            ) from error
        yield sockets


def _listen(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)  # a killed process leaves it, and bind(2) refuses an existing path (EADDRINUSE)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(0o666)
    listener.listen(_BACKLOG)
    return listener
