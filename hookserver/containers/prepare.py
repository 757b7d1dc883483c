"""The prepare command: a container that runs once, with its output in the log line by line."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator

from docker.errors import APIError

from hookserver.config.units import format_duration
from hookserver.engine.client import TIMEOUT, Engine
from hookserver.engine.output import LineReader
from hookserver.errors import ContainerError

_LAST_LINES = 20


def run_prepare(host: str, container: str, deadline: float, report: Callable[[str], None]) -> None:
    """Start the container and wait for its end, ``deadline`` seconds at most.

    Raises ContainerError with its last lines when its exit code is not 0, or it does not end in time.
    """
    # Docker sends nothing while the command prints nothing, so the client waits as long as the command may take.
    engine = Engine(host, timeout=int(deadline) + TIMEOUT)
    late = threading.Event()

    def kill() -> None:
        late.set()
        try:
            engine.api.kill(container)
        except APIError:  # it has just ended by itself
            return

    timer = threading.Timer(deadline, kill)
    last: deque[str] = deque(maxlen=_LAST_LINES)
    with engine.doing("run the prepare command"):
        engine.api.start(container)
        timer.start()
        try:
            for line in _output(engine, container):
                last.append(line)
                report(line)
            exit_code = int(engine.api.wait(container)["StatusCode"])
        finally:
            timer.cancel()
    output = "\n".join(f"  {line}" for line in last) or "  it printed nothing"
    if late.is_set():
        limit = format_duration(deadline)
        raise ContainerError(
            f"the prepare command was stopped after {limit}; its last lines:\n{output}",
            f"Raise release.prepare_timeout (now {limit}) if it needs longer.",
        )
    if exit_code:
        raise ContainerError(
            f"the prepare command ended with {exit_code}; its last lines:\n{output}",
            "Fix its cause, then push again; the old release is still live, with what the command has changed.",
        )


def _output(engine: Engine, container: str) -> Iterator[str]:
    """The lines of the log as they arrive.

    A followed log lacks a last line without a newline, and may lack lines that were written just before the container's
    end (https://github.com/moby/moby/issues/43860). So the missing bytes are read afterwards. If the log was rotated in
    the meantime, these are its last lines.
    """
    lines, received = LineReader(), 0
    for part in engine.api.logs(container, stream=True, follow=True):
        received += len(part)
        yield from lines.feed(part)
    engine.api.wait(container)
    for part in engine.api.logs(container, stream=True, follow=False):
        yield from lines.feed(part[received:])
        received = max(received - len(part), 0)
    if received:
        yield from lines.feed(engine.api.logs(container, tail=_LAST_LINES))
    yield from lines.end()
