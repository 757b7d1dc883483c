"""The worker's lock, so that only one runs, and its wake-up socket."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hookserver.errors import Refused
from hookserver.state.state_dir import StateDir
from hookserver.state.wait_until import wait_until


@contextmanager
def only_worker(state: StateDir) -> Iterator[int]:
    """Be the one worker of the state_dir; the lock's descriptor. Raises Refused when another one is."""
    path = state.worker_lock
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        # `worker_is_alive` takes the lock for a moment to see whether it is free.
        if not wait_until(lambda: _take_lock(descriptor), 1.0):
            raise Refused(f"another worker has {path.parent}", "One worker per state_dir: stop the other first.")
        yield descriptor
    finally:
        os.close(descriptor)


def worker_is_alive(state: StateDir) -> bool:
    """Whether a worker holds its lock."""
    try:
        with state.worker_lock.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


@contextmanager
def wakeups(state: StateDir) -> Iterator[socket.socket]:
    """The socket that becomes readable when somebody wakes the worker. It never blocks."""
    path = state.wakeup_socket
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as made:
        made.bind(str(path))
        path.chmod(0o600)
        yield made


def wake_worker(wakeup_socket: Path) -> None:
    """Wake the worker; one that is not running reads the queue when it starts."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sender, suppress(OSError):
        sender.sendto(b"!", str(wakeup_socket))


def _take_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
