"""A deploy's log: a text file of limited size, written line by line, plain text with secrets masked.

The prefixes are those that dokku shows after a ``git push``: ``----->`` a step, ``=====>`` a result, `` !    `` an
error; all other lines are indented.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TextIO

from hookserver.plain_text import CUT, cut, plain

LIMIT = 20 << 20
"""Bytes that a log can grow to: a build that prints a gigabyte must not fill the disk."""
_LINE_LIMIT = 4000
_DOTS = "••••••"
_SHORTEST = 4
"""Characters of the shortest text that is masked: less would be found in every second line."""


class DeployLog:
    """Appends to ``path``. A line is in the file when the call returns, so that followers see it at once.

    Each of ``secrets``, and each line of one, is replaced by dots, also the first half of one at the end of a text that
    was ``cut``; texts of up to three characters are not. A full disk loses lines of the log, but does not fail the
    deploy.
    """

    def __init__(self, path: Path, secrets: Iterable[str] = ()) -> None:
        self._file = _opened(path)
        parts = {plain(part).strip() for secret in secrets for part in (secret, *secret.splitlines())}
        self._secrets = sorted((part for part in parts if len(part) >= _SHORTEST), key=len, reverse=True)
        self._left = LIMIT - (path.stat().st_size if path.exists() else 0)

    def step(self, text: str) -> None:
        """Write that a step starts."""
        self._write("-----> ", text)

    def result(self, text: str) -> None:
        """Write the outcome."""
        self._write("=====> ", text)

    def error(self, text: str) -> None:
        """Write what went wrong, in one or more lines."""
        for line in plain(text).splitlines():
            self._write(" !     ", line)

    def line(self, text: str) -> None:
        """Write output of a step, in one or more lines."""
        for line in plain(text).splitlines():
            if self._left > 0:
                self._write("       ", line)

    def masked(self, text: str) -> str:
        """The text as plain text, with dots in the place of secrets: an escape sequence inside one does not hide it."""
        text = plain(text)
        for secret in self._secrets:
            text = text.replace(secret, _DOTS)
        return "\n".join(map(self._half_masked, text.split("\n"))) if CUT in text else text

    def close(self) -> None:
        """Close the file; no line can be written afterwards."""
        with suppress(OSError):
            self._file.close()

    def _write(self, prefix: str, text: str) -> None:
        text = cut(self.masked(text).replace("\n", " "), _LINE_LIMIT).rstrip()
        written = self._append(f"{prefix}{text}\n")
        had_room, self._left = self._left > 0, self._left - written
        if had_room and self._left <= 0:
            self._append(f" !     the log is full ({LIMIT >> 20} MB): the output of the steps is no longer written\n")

    def _half_masked(self, line: str) -> str:
        before = line.removesuffix(CUT)
        if before == line:
            return line
        for secret in self._secrets:
            place = before.find(secret[:_SHORTEST], max(0, len(before) - len(secret)))
            while place >= 0:
                if secret.startswith(before[place:]):
                    return f"{before[:place]}{_DOTS}{CUT}"
                place = before.find(secret[:_SHORTEST], place + 1)
        return line

    def _append(self, line: str) -> int:
        try:
            return self._file.write(line)
        except OSError:
            return 0


def _opened(path: Path) -> TextIO:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        own = partial(os.open, mode=0o640)  # the folder says whether its group, the web process, may read it
        # buffering=1 writes each line at once, and "a" appends (O_APPEND), also after a kill and a new start.
        return open(path, "a", encoding="utf-8", buffering=1, errors="replace", opener=own)
    except OSError:
        return Path(os.devnull).open("a", encoding="utf-8")
