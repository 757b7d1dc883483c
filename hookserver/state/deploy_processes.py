"""The processes of a deploy, which have its tag in their environment."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from hookserver.state.wait_until import wait_until

TAG = "HOOKSERVER_DEPLOY"
"""The environment variable; its value is `StateDir.tag`."""


def kill_orphans(tag: str) -> int:
    """Kill every process of the deploy ``tag``, except this one, until none is left, 2 s at most.

    Returns how many were killed.
    """
    killed: set[int] = set()

    def none_is_left() -> bool:
        orphans = [pid for pid in _other_processes() if _has_tag(pid, tag)]
        killed.update(pid for pid in orphans if _kill(pid, tag))
        return not orphans

    # Again and again: a process may start another one between the listing and its own end.
    wait_until(none_is_left, 2, pause=0.005)
    return len(killed)


def _other_processes() -> list[int]:
    return [
        int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and int(entry.name) != os.getpid()
    ]


def _has_tag(pid: int, tag: str) -> bool:
    # The environment at the process's start, variables separated by null bytes: proc_pid_environ(5).
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return f"{TAG}={tag}".encode() in variables


def _kill(pid: int, tag: str) -> bool:
    # A pidfd stays this process's, also when the kernel reuses the number: pidfd_open(2).
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        if _has_tag(pid, tag):  # again: the number may have been reused before the pidfd was opened
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            return True
    except OSError:
        pass
    finally:
        os.close(handle)
    return False
