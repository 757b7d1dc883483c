"""A program's output on its way to the log as lines, in bounded memory and time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

LINE_LIMIT = 4000
"""Characters of a line that are kept."""
TOLD_LIMIT = 32 << 20
"""Bytes of output that are taken apart; of what comes then only the end is."""
_END = 64 << 10
_COST_OF_A_LINE = 100


class Lines:
    """Text that comes in parts, as lines. Of a progress bar, whose lines end in CR, the last state is told.

    Beyond ``TOLD_LIMIT`` it says once that it leaves things out, and ``end`` tells the last lines.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._left = TOLD_LIMIT

    def feed(self, part: bytes) -> Iterator[str]:
        """The lines that are whole with this part."""
        if self._left <= 0:
            self._rest = (self._rest + part)[-_END:]
            return
        *whole, rest = (self._rest + part).split(b"\n")
        for line in whole:
            yield _readable(line)
        self._rest = rest[: 4 * LINE_LIMIT]
        self._left -= len(part) + _COST_OF_A_LINE * len(whole)
        if self._left <= 0:
            yield "… too much output: what follows is left out, but for its end"

    def end(self) -> Iterator[str]:
        """The last line, when nothing ended it; the last lines of too much output."""
        for line in self._rest.splitlines():
            yield _readable(line)
        self._rest = b""


def lines_of(parts: Iterable[bytes]) -> Iterator[str]:
    """All lines of a text that comes in parts."""
    lines = Lines()
    for part in parts:
        yield from lines.feed(part)
    yield from lines.end()


def _readable(line: bytes) -> str:
    shown = line.rstrip(b"\r").rpartition(b"\r")[2]
    return shown[: 4 * LINE_LIMIT].decode("utf-8", "replace")[:LINE_LIMIT]
