"""Finds the processes of one Nginx instance among all of the machine's, by the log files they hold open.

A pid file may be stale and its number may have gone to a stranger; an open file below the instance's folder cannot.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_MASTER = b"nginx: master process"
_LEAVING = b"shutting down"


@dataclass(frozen=True)
class Processes:
    """The instance's master, if it has one; its workers that take new requests; and what a killed master left behind.

    Such orphans hold the port.
    """

    master: int | None
    workers: frozenset[int]
    orphans: frozenset[int]


def find(folder: Path) -> Processes:
    """Look through all processes for those of the instance in ``folder``."""
    logs = f"{(folder / 'logs').resolve()}/"
    pids = [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]
    ours = {pid: title for pid in pids if (title := _title(pid)).startswith(b"nginx: ") and _holds(pid, logs)}
    master = next((pid for pid, title in ours.items() if title.startswith(_MASTER)), None)
    children = {pid for pid in ours if master is not None and _parent(pid) == master}
    workers = frozenset(pid for pid in children if _LEAVING not in ours[pid])
    return Processes(master, workers, frozenset(ours) - children - {master})


def find_master(folder: Path, pid_file: Path) -> int | None:
    """The instance's master; quick while the pid file tells the truth."""
    try:
        pid = int(pid_file.read_text("ascii"))
    except (OSError, ValueError):
        return find(folder).master
    if _title(pid).startswith(_MASTER) and _holds(pid, f"{(folder / 'logs').resolve()}/"):
        return pid
    return find(folder).master


def _title(pid: int) -> bytes:
    try:
        return (_PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return b""


def _holds(pid: int, below: str) -> bool:
    descriptors = _PROC / str(pid) / "fd"
    with contextlib.suppress(OSError):
        for descriptor in descriptors.iterdir():
            with contextlib.suppress(OSError):
                if str(descriptor.readlink()).startswith(below):
                    return True
    return False


def _parent(pid: int) -> int | None:
    try:
        stat = (_PROC / str(pid) / "stat").read_bytes()
    except OSError:
        return None
    return int(stat.rpartition(b")")[2].split()[1])
