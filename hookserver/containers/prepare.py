"""A container that runs once, to its end, while its output is told line by line."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator

from docker.errors import APIError

from hookserver.config.values import format_duration
from hookserver.engine.client import TIMEOUT, Engine
from hookserver.engine.output import LineReader
from hookserver.errors import ContainerError

_LAST = 20


def run_to_its_end(host: str, container: str, deadline: float, report: Callable[[str], None]) -> None:
    """Start the made container and wait for it, ``deadline`` seconds at most.

    Raises ContainerError with its last lines when it ends with anything but 0, or not in time.
    """
    engine = Engine(host, timeout=int(deadline) + TIMEOUT)
    late = threading.Event()

    def kill() -> None:
        late.set()
        try:
            engine.api.kill(container)
        except APIError:
            return

    timer = threading.Timer(deadline, kill)
    last: deque[str] = deque(maxlen=_LAST)
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
    told = "\n".join(f"  {line}" for line in last) or "  it printed nothing"
    if late.is_set():
        limit = format_duration(deadline)
        raise ContainerError(
            f"the prepare command was stopped after {limit}; its last lines:\n{told}",
            f"Raise release.prepare_timeout (now {limit}) if it needs longer.",
        )
    if exit_code:
        raise ContainerError(
            f"the prepare command ended with {exit_code}; its last lines:\n{told}",
            "Mend what it says, then push again; the old release serves on, with whatever it has changed.",
        )


def _output(engine: Engine, container: str) -> Iterator[str]:
    """The lines as they come.

    Who follows a log is not given a last line that has no end, and may miss what was written just before the
    container's end: what lacks is read afterwards. Of a log that was rotated meanwhile that is the last of it.
    """
    lines, seen = LineReader(), 0
    for part in engine.api.logs(container, stream=True, follow=True):
        seen += len(part)
        yield from lines.feed(part)
    engine.api.wait(container)
    for part in engine.api.logs(container, stream=True, follow=False):
        yield from lines.feed(part[seen:])
        seen = max(seen - len(part), 0)
    if seen:
        yield from lines.feed(engine.api.logs(container, tail=_LAST))
    yield from lines.end()
