"""``python -m hookserver.supervisor SETTINGS``: web and worker in the foreground, each started again when it ends.

What ``hookserver up`` becomes: a process of its own that has imported nothing else, and so takes next to no memory.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from types import FrameType

_PR_SET_PDEATHSIG = 1
_STOP_DEADLINE = 30.0
_RESTART_AFTER = 1.0
_GIVE_UP_AFTER = 5
"""Ends of its own within a few seconds of its start, in a row, after which it is no use to start a process again."""
_QUICK = 5.0


def supervise(commands: Mapping[str, list[str]]) -> int:
    """Run the commands until SIGTERM or SIGINT, which each of them gets; answer the exit code."""
    stopping: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        stopping.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    processes = {name: _start(command) for name, command in commands.items()}
    started = {name: time.monotonic() for name in commands}
    quick_ends = dict.fromkeys(commands, 0)
    code = 0
    while not stopping and not code:
        time.sleep(0.2)
        for name, process in processes.items():
            if process.poll() is None:
                continue
            lived = time.monotonic() - started[name]
            gave_up = lived < _QUICK and process.returncode > 0
            quick_ends[name] = quick_ends[name] + 1 if gave_up else 0
            sys.stderr.write(f"hookserver {name} ended with {process.returncode}; started again\n")
            if quick_ends[name] >= _GIVE_UP_AFTER:
                code = 1
                break
            time.sleep(_RESTART_AFTER)
            processes[name], started[name] = _start(commands[name]), time.monotonic()
    _stop(list(processes.values()))
    return code


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    parent = os.getpid()

    def die_with_parent() -> None:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return subprocess.Popen(command, preexec_fn=die_with_parent, start_new_session=True)


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
