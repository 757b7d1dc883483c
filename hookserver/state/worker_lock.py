"""The worker's lock, so that one worker runs for a state_dir, and its wake-up socket."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hookserver.errors import Refused
from hookserver.state.permissions import share_with_web
from hookserver.state.state_dir import StateDir
from hookserver.state.wait_until import wait_until


@contextmanager
def only_worker(state: StateDir) -> Iterator[int]:
    """Hold the worker's lock in the block, which gets its descriptor. Raises Refused when another worker has it.

    A forked child has the lock, too, until it closes the descriptor.
    """
    path = state.worker_lock
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        share_with_web(path, state, 0o640)
        # The kernel releases the lock when the last descriptor is closed, so also after a kill: flock(2).
        # `worker_is_alive` takes the lock for a moment to see whether it is free.
        if not wait_until(lambda: _take_lock(descriptor), 1.0):
            raise Refused(f"another worker runs for {path.parent}", "Stop it first: a state_dir has one worker.")
        yield descriptor
    finally:
        os.close(descriptor)


def worker_is_alive(state: StateDir) -> bool:
    """Whether a worker has its lock."""
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
    """A socket that becomes readable when the worker is woken. It never blocks."""
    path = state.wakeup_socket
    path.unlink(missing_ok=True)  # a killed worker leaves it, and bind(2) refuses an existing path (EADDRINUSE)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as made:
        made.bind(str(path))
        path.chmod(0o600)
        share_with_web(path, state, 0o660)
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
