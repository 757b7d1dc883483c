"""``python -m hookserver.supervisor SETTINGS``: web and worker in the foreground, each started again when it ends.

What ``hookserver up`` becomes: a process of its own that has imported nothing else, and so takes next to no memory.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import FrameType

from hookserver.state.parent_death import end_with_parent

_STOP_DEADLINE = 30.0
_QUICK = 5.0
"""Seconds that a process lives at least when all is well."""
_ATTEMPTS = 5
"""Starts after which it is no use to go on with a process that never lived that long."""
_LONGEST_PAUSE = 30.0


@dataclass
class _Kept:
    """One process that is kept running: after a quick end it is started again ever more slowly."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    quick_ends: int = 0
    ever_lived: bool = False
    due: float = field(default=0.0)

    def look(self, now: float) -> bool:
        """Start it when it is due, notice when it has ended; False: it is no use to go on."""
        if self.process is None:
            if now >= self.due:
                self.process, self.started = _start(self.command), now
            return True
        code = self.process.poll()
        self.ever_lived = self.ever_lived or now - self.started >= _QUICK
        if code is None:
            return True
        self.process = None
        self.quick_ends = self.quick_ends + 1 if code > 0 and now - self.started < _QUICK else 0
        pause = min(2.0 ** max(self.quick_ends - 1, 0), _LONGEST_PAUSE)
        self.due = now + pause
        if self.quick_ends >= _ATTEMPTS and not self.ever_lived:
            sys.stderr.write(f"hookserver {self.name} ended with {code} at each of {_ATTEMPTS} starts; giving up\n")
            return False
        sys.stderr.write(f"hookserver {self.name} ended with {code}; started again in {pause:g} s\n")
        return True


def supervise(commands: Mapping[str, list[str]]) -> int:
    """Run the commands until SIGTERM or SIGINT, which each of them gets; answer the exit code."""
    stopping: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        stopping.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    kept = [_Kept(name, command) for name, command in commands.items()]
    going_on = True
    while going_on and not stopping:
        for one in kept:
            going_on = one.look(time.monotonic()) and going_on
        time.sleep(0.2)
    _stop([one.process for one in kept if one.process is not None])
    return 0 if going_on else 1


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    parent = os.getpid()
    return subprocess.Popen(command, preexec_fn=lambda: end_with_parent(parent, signal.SIGTERM), start_new_session=True)


def _stop(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + _STOP_DEADLINE
    for process in processes:
        try:
            process.wait(max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


if __name__ == "__main__":
    _hookserver = [sys.executable, "-m", "hookserver", "--config", sys.argv[1]]
    sys.exit(supervise({"web": [*_hookserver, "serve"], "worker": [*_hookserver, "worker"]}))
