"""The processes of a deploy, found by a variable in their environment."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from hookserver.state.wait_until import wait_until

TAG = "HOOKSERVER_DEPLOY"


def kill_orphans(tag: str) -> int:
    """Kill every process whose environment says that it belongs to the deploy ``tag``, and wait until none is left.

    Never ourselves. Returns how many were killed.
    """
    killed: set[int] = set()

    def none_is_left() -> bool:
        tagged = [pid for pid in _pids() if _carries(pid, tag)]
        killed.update(pid for pid in tagged if _kill(pid, tag))
        return not tagged

    wait_until(none_is_left, 2, pause=0.005)
    return len(killed)


def _pids() -> list[int]:
    return [
        int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and int(entry.name) != os.getpid()
    ]


def _carries(pid: int, tag: str) -> bool:
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False
    return f"{TAG}={tag}".encode() in variables


def _kill(pid: int, tag: str) -> bool:
    """Kill by a handle that stays this very process, even when its number is given away meanwhile."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        if _carries(pid, tag):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            return True
    except OSError:
        pass
    finally:
        os.close(handle)
    return False
