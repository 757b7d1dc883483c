"""The processes of one installation, found among all of the machine's by its settings file."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True)
class ShopProcesses:
    """Of the installation with the settings file ``config``."""

    config: str

    def all(self) -> list[int]:
        """Everything that runs of hookserver itself: supervisor, web, worker, and the worker's children."""
        ours = {pid for pid in _pids() if self.config in _command(pid)}
        while more := {pid for pid in _pids() if _parent(pid) in ours} - ours:
            ours |= more
        return sorted(pid for pid in ours if not _command(pid).startswith("nginx"))

    def web(self) -> int:
        return self._with_command("serve")

    def worker(self) -> int:
        return self._with_command("worker")

    def below_supervisor(self) -> list[int]:
        """Web, worker and what they started."""
        return [pid for pid in self.all() if _command(pid).endswith((" serve", " worker"))]

    def that_last(self) -> list[int]:
        """Web and worker, without the copies of the worker that do one task and end."""
        worker = self.worker()
        return [pid for pid in self.below_supervisor() if _parent(pid) != worker]

    def deploy(self, number: int) -> int:
        """The child process that runs the deploy: the one that writes its log."""
        return next(pid for pid in self.all() if f"/logs/{number}.log" in _open_files(pid))

    def kill(self, pid: int) -> None:
        """kill -9."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def _with_command(self, name: str) -> int:
        """Not a copy that it forked: those have its command too."""
        same = {pid for pid in _pids() if self.config in _command(pid) and _command(pid).split()[-1] == name}
        return next(pid for pid in same if _parent(pid) not in same)


def _pids() -> list[int]:
    return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]


def _command(pid: int) -> str:
    with suppress(OSError):
        return (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
    return ""


def _parent(pid: int) -> int:
    with suppress(OSError):
        return int((_PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()[1])
    return 0


def _open_files(pid: int) -> str:
    names = []
    with suppress(OSError):
        for descriptor in (_PROC / str(pid) / "fd").iterdir():
            with suppress(OSError):
                names.append(str(descriptor.readlink()))
    return " ".join(names)
