"""``python -m hookserver.supervisor SETTINGS [USER]``: runs web and worker, and restarts each when it ends.

The web process runs as USER, if one is given, and in no group but USER's own.

``hookserver up`` executes it in its own place: a process that has imported nothing else needs little memory.
"""

from __future__ import annotations

import math
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import FrameType

from hookserver.state.parent_death import end_with_parent
from hookserver.state.wait_until import wait_until

_STOP_DEADLINE = 30.0
"""Seconds from SIGTERM to SIGKILL."""
_QUICK = 5.0
"""Seconds; a process that ends sooner has failed to start."""
_ATTEMPTS = 5
"""Failed starts in a row after which a process that has never run longer is given up."""
_LONGEST_PAUSE = 30.0
"""Seconds between two starts at most."""


@dataclass
class _Service:
    """A process that is restarted when it ends; after failed starts with a pause that doubles each time."""

    name: str
    command: list[str]
    user: str | None
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failed_starts: int = 0
    has_run: bool = False
    start_at: float = 0.0

    def check(self, now: float) -> bool:
        """Start the process when that is due, or note that it has ended; False: give it up."""
        if self.process is None:
            if now >= self.start_at:
                self.process, self.started_at = _start(self.command, self.user), now
            return True
        code = self.process.poll()
        self.has_run = self.has_run or now - self.started_at >= _QUICK
        if code is None:
            return True
        self.process = None
        # A negative code is a signal (Popen.returncode): somebody killed it, which is no failed start.
        self.failed_starts = self.failed_starts + 1 if code > 0 and now - self.started_at < _QUICK else 0
        pause = min(2.0 ** max(self.failed_starts - 1, 0), _LONGEST_PAUSE)
        self.start_at = now + pause
        if self.failed_starts >= _ATTEMPTS and not self.has_run:
            sys.stderr.write(f"hookserver {self.name} exited with {code} at each of {_ATTEMPTS} starts; giving up\n")
            return False
        sys.stderr.write(f"hookserver {self.name} exited with {code}; restarting in {pause:g} s\n")
        return True


def supervise(commands: Mapping[str, list[str]], users: Mapping[str, str]) -> int:
    """Run the commands until SIGTERM or SIGINT, then end them. Returns the exit code: 1 when one is given up.

    ``users``: as whom a command runs; one that is not in it runs as this process's user.
    """
    stopping: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        stopping.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    services = [_Service(name, command, users.get(name)) for name, command in commands.items()]

    def is_over() -> bool:
        return bool(stopping) or not all(service.check(time.monotonic()) for service in services)

    wait_until(is_over, math.inf, pause=0.2)
    _stop([service.process for service in services if service.process is not None])
    return 0 if stopping else 1


def _start(command: list[str], user: str | None) -> subprocess.Popen[bytes]:
    parent = os.getpid()
    # preexec_fn is unsafe with threads, of which there are none here: https://docs.python.org/3/library/subprocess.html
    # It is called after the change of the user, which would clear its setting: PR_SET_PDEATHSIG(2const).
    # Sessions of their own: Ctrl-C reaches this process alone, which then ends both in order.
    return subprocess.Popen(
        command,
        preexec_fn=lambda: end_with_parent(parent, signal.SIGTERM),
        start_new_session=True,
        cwd="/",  # the user may be unable to enter the current folder
        user=user,
        group=pwd.getpwnam(user).pw_gid if user else None,
        extra_groups=[] if user else None,
    )


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
    _hookserver = [sys.executable, "-P", "-m", "hookserver", "--config", sys.argv[1]]
    _users = {"web": sys.argv[2]} if len(sys.argv) > 2 else {}
    sys.exit(supervise({"web": [*_hookserver, "serve"], "worker": [*_hookserver, "worker"]}, _users))
