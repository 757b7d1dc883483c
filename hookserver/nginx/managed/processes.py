"""Finds the processes of one Nginx instance among all of the machine's, by the log files they hold open.

A pid file may be stale, and another process may have its number; an open file below the folder is certain.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")

# Nginx writes these titles over its command line, as /proc/PID/cmdline shows it: "nginx: master process …",
# "nginx: worker process", "nginx: worker process is shutting down" (ngx_setproctitle() in Nginx's
# https://github.com/nginx/nginx/blob/master/src/os/unix/ngx_process_cycle.c; proc_pid_cmdline(5)).
_TITLE = b"nginx: "
_MASTER = b"nginx: master process"
_ENDING = b"shutting down"


@dataclass(frozen=True)
class Processes:
    """The processes of an instance: its master, if it has one, and that one's workers that take new requests.

    ``leftovers`` are the workers of a killed master, which keep the port, and an instance that ends its last requests.
    """

    master: int | None
    workers: frozenset[int]
    leftovers: frozenset[int]


def find(folder: Path) -> Processes:
    """Search all processes for those of the instance in ``folder``."""
    logs = _logs(folder)
    pids = [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]
    ours = {pid for pid in pids if _title(pid).startswith(_TITLE) and _holds(pid, logs)}
    master = next((pid for pid in sorted(ours) if _is_master(pid)), None)
    children = ours & _children(master) if master is not None else frozenset()
    workers = workers_of(master) if master is not None else frozenset()
    return Processes(master, workers, frozenset(ours - children - {master}))


def find_master(folder: Path, pid_file: Path) -> int | None:
    """The instance's master; quick while the pid file is correct."""
    try:
        pid = int(pid_file.read_text("utf-8"))
    except (OSError, ValueError):
        return find(folder).master
    return pid if _is_master(pid) and _holds(pid, _logs(folder)) else find(folder).master


def master_of(pid_file: Path) -> int | None:
    """The master that the pid file names, when it is an Nginx that takes requests."""
    try:
        pid = int(pid_file.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return pid if _is_master(pid) else None


def workers_of(master: int) -> frozenset[int]:
    """Its workers that take new requests."""
    return frozenset(pid for pid in _children(master) if _takes_requests(pid))


def _logs(folder: Path) -> str:
    return f"{(folder / 'logs').resolve()}/"


def _is_master(pid: int) -> bool:
    """Not one that got SIGQUIT: it waits for its last workers, and no longer listens."""
    if not _title(pid).startswith(_MASTER):
        return False
    children = _children(pid)
    return not children or any(_takes_requests(child) for child in children)


def _takes_requests(worker: int) -> bool:
    return _ENDING not in _title(worker)


def _children(pid: int) -> frozenset[int]:
    """Read until two reads agree: the kernel may leave out a child while another one exits.

    Source: proc(5), /proc/pid/task/tid/children.
    """
    before, children = None, _children_now(pid)
    while children != before:
        before, children = children, _children_now(pid)
    return children


def _children_now(pid: int) -> frozenset[int]:
    try:
        return frozenset(map(int, (_PROC / str(pid) / "task" / str(pid) / "children").read_text("utf-8").split()))
    except OSError:
        return frozenset()


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
