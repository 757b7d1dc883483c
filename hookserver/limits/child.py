"""A function that reads what strangers sent runs in a child process, which the kernel holds to limits.

The limits are the last fence: code that reads foreign data counts before it reads, and says what is too much. They are
those of setrlimit(2), which a process of any user may lower for itself.
"""

from __future__ import annotations

import logging
import os
import pickle
import resource
import select
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeVar

from hookserver.errors import HookserverError
from hookserver.state.parent_death import end_with_parent

MEMORY = 512 << 20
"""Bytes of address space beside what the process has at its start."""
CPU = 600
"""Seconds of CPU time of one process."""
FILE = 5 << 30
"""Bytes of one file on this machine's disk."""
DESCRIPTORS = 256
_OUT_OF_MEMORY = 3
"""The exit code of a child that needed more memory than it may have."""

T = TypeVar("T")


@dataclass(frozen=True)
class Limits:
    """``seconds`` is the time until the child is killed; ``memory``, ``cpu``, ``file`` are as the constants above."""

    seconds: float
    memory: int = MEMORY
    cpu: int = CPU
    file: int = FILE
    descriptors: int = DESCRIPTORS


def run_limited(
    what: str, action: Callable[[], T], limits: Limits, error: type[HookserverError] = HookserverError, remedy: str = ""
) -> T:
    """What ``action()`` returns, which runs in a child process; a HookserverError of its own is raised here, too.

    The child and all that it started are killed at the deadline, or with this process. Raises ``error`` with the limit
    that stopped ``what``, and for the deadline this ``remedy``.

    The result must be small, and one that ``pickle`` knows; else ``action`` changes nothing here: it works on a copy of
    this process's memory. So it may not use the open connections of this process either.
    """
    ends = time.monotonic() + limits.seconds
    reader, writer = os.pipe()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        _be_child(parent, writer, action, limits)
    os.close(writer)
    try:
        answer = _read_until(reader, ends)
        if answer is not None:
            os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)  # it has closed the pipe, and ends by itself
    finally:
        os.close(reader)
        _kill_session(child)
        _, status = os.waitpid(child, 0)
    if answer is None:
        raise error(f"{what} was stopped: it did not end within {limits.seconds:.0f} s", remedy)
    if problem := _stopped_by(os.waitstatus_to_exitcode(status), limits):
        raise error(f"{what} was stopped: {problem}", "If what it reads is meant to be so large, make it smaller.")
    result: T | HookserverError | str
    succeeded, result = pickle.loads(answer)  # noqa: S301 - the child runs our code alone
    if isinstance(result, HookserverError) and not succeeded:
        raise result
    if not succeeded:
        raise error(f"{what} failed: unexpected {result}", "Is the disk full? If not, report it with the worker's log.")
    return result  # type: ignore[return-value]  # a success has what the action returned


def limited_command(command: Sequence[str], memory: int | None, file: int = FILE, cpu: int = CPU) -> list[str]:
    """The command with limits of its own, also in ``run_limited``; ``memory`` None: all that this process may have.

    A program in Go does not even start with a few hundred megabytes of address space. See prlimit(1).
    """
    address_space = (
        resource.getrlimit(resource.RLIMIT_AS)[1] if memory is None else _allowed(resource.RLIMIT_AS, memory)
    )
    limits = {
        "as": "unlimited" if address_space == resource.RLIM_INFINITY else address_space,
        "fsize": _allowed(resource.RLIMIT_FSIZE, file),
        "cpu": _allowed(resource.RLIMIT_CPU, cpu),
    }
    return ["prlimit", *(f"--{name}={soft}:" for name, soft in limits.items()), *command]


def _be_child(parent: int, writer: int, action: Callable[[], object], limits: Limits) -> NoReturn:
    """Run the action, write its result, end. Nothing of the parent is cleaned up: it is still the parent's."""
    code = 1
    try:
        end_with_parent(parent, signal.SIGKILL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setsid()  # so that one signal reaches all that it starts: killpg(3)
        _limit_itself(limits)
        answer = pickle.dumps(_outcome(action))
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(answer)
        code = 0
    except MemoryError:
        code = _OUT_OF_MEMORY
    finally:
        os._exit(code)


def _outcome(action: Callable[[], object]) -> tuple[bool, object]:
    try:
        return True, action()
    except HookserverError as error:
        # Its traceback, and the errors before it, stay here: not all of them can be pickled.
        return False, error
    except MemoryError:
        raise
    except Exception as error:
        logging.getLogger("limits").exception("internal error: report it")
        return False, f"{type(error).__name__}: {error}"


def _limit_itself(limits: Limits) -> None:
    # The first number is the process's address space in pages: proc_pid_statm(5).
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    _lower(resource.RLIMIT_AS, pages * resource.getpagesize() + limits.memory)
    _lower(resource.RLIMIT_CPU, limits.cpu)
    _lower(resource.RLIMIT_FSIZE, limits.file)
    _lower(resource.RLIMIT_NOFILE, limits.descriptors)
    _lower(resource.RLIMIT_CORE, 0)


def _lower(kind: int, wanted: int) -> None:
    """Lower the soft limit alone: a program may need another one, see ``limited_command``."""
    resource.setrlimit(kind, (_allowed(kind, wanted), resource.getrlimit(kind)[1]))


def _allowed(kind: int, wanted: int) -> int:
    _, hard = resource.getrlimit(kind)
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)


def _read_until(reader: int, ends: float) -> bytes | None:
    """All that is written to the pipe; None when the writer has not ended by then."""
    parts: list[bytes] = []
    while (left := ends - time.monotonic()) > 0:
        readable, _, _ = select.select([reader], [], [], left)
        if readable:
            part = os.read(reader, 1 << 16)
            if not part:
                return b"".join(parts)
            parts.append(part)
    return None


def _kill_session(child: int) -> None:
    """Kill the child, and what is left of all that it started."""
    for kill in (os.killpg, os.kill):  # it may not have come to setsid() yet
        try:
            kill(child, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _stopped_by(code: int, limits: Limits) -> str:
    """The limit that ended a child with this exit code; empty: none did, and there is an answer."""
    if code == 0:
        return ""
    if code == _OUT_OF_MEMORY:
        return f"it needs more than {limits.memory >> 20} MB of memory on this machine"
    if code == -signal.SIGXCPU:
        return f"it used more than {limits.cpu} s of CPU time on this machine"
    if code == -signal.SIGKILL:
        return "it was killed, probably because this machine is out of memory"
    return f"its process ended with {code}"
