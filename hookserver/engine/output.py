"""A program's output on its way to the log: Docker's frames, then lines of plain text, in bounded memory and time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hookserver.plain_text import CUT, cut, plain

LINE_LIMIT = 4000
"""Characters of a line that are kept."""
_BYTES_LIMIT = 4 * LINE_LIMIT
OUTPUT_LIMIT = 32 << 20
"""Bytes of output that are split into lines; of the rest, only the end is."""
_HEADER = 8
_END = 64 << 10
_COST_OF_A_LINE = 100
"""Bytes that each line counts in addition: a million empty lines are work, too."""


class FrameReader:
    """The two streams of a container without a terminal: each part has a header of 8 bytes (stream, 3 zeros, length).

    Source: "Stream format" at ContainerAttach, https://docs.docker.com/reference/api/engine/version/v1.41/
    """

    def __init__(self) -> None:
        self._header = b""
        self._stream = 0
        self._left = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """The parts of the output in ``data``, each with its stream: 1 stdout, 2 stderr."""
        while data:
            if self._left:
                part, data = data[: self._left], data[self._left :]
                self._left -= len(part)
                yield self._stream, part
            else:
                missing = _HEADER - len(self._header)
                self._header, data = self._header + data[:missing], data[missing:]
                if len(self._header) == _HEADER:
                    self._stream, self._left = self._header[0], int.from_bytes(self._header[4:], "big")
                    self._header = b""


class LineReader:
    """Text that arrives in parts, as lines of plain text. Of a progress bar, whose lines end in CR, only the last state
    is a line. A line that never ends is kept up to a limit, and ends in ``CUT``.

    Beyond ``OUTPUT_LIMIT`` one line says that output is left out, and ``end`` gives the last lines.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._left = OUTPUT_LIMIT

    def feed(self, part: bytes) -> Iterator[str]:
        """The lines that are complete with this part."""
        if self._left <= 0:
            self._rest = (self._rest + part)[-_END:]
            return
        *complete, rest = (self._rest + part).split(b"\n")
        for line in complete:
            yield _readable(line)
        # The last state of a progress bar begins after its last CR; those at the end may belong to a newline.
        begin = rest.rfind(b"\r", 0, len(rest.rstrip(b"\r"))) + 1
        self._rest = rest[begin:][: _BYTES_LIMIT + 1]
        self._left -= len(part) + _COST_OF_A_LINE * len(complete)
        if self._left <= 0:
            yield "… too much output: the rest is left out, except its end"

    def end(self) -> Iterator[str]:
        """The last line when no newline ended it; after too much output, the last lines."""
        if self._left <= 0:  # what is kept begins in the middle of a line, perhaps of a secret
            self._rest = self._rest.partition(b"\n")[2]
        for line in self._rest.splitlines():
            yield _readable(line)
        self._rest = b""


def read_lines(parts: Iterable[bytes]) -> Iterator[str]:
    """All lines of a text that arrives in parts."""
    reader = LineReader()
    for part in parts:
        yield from reader.feed(part)
    yield from reader.end()


def _readable(line: bytes) -> str:
    shown = line.rstrip(b"\r").rpartition(b"\r")[2]
    if len(shown) <= _BYTES_LIMIT:
        return cut(plain(shown.decode("utf-8", "replace")), LINE_LIMIT)
    # The limit may be in the middle of a character: "ignore" drops its first bytes.
    return cut(plain(shown[:_BYTES_LIMIT].decode("utf-8", "ignore")) + CUT, LINE_LIMIT)
