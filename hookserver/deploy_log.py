"""A deploy's log: a text file that is written line by line, bounded, with the secrets masked.

The prefixes are those that people who ``git push`` know from dokku: ``----->`` a step, ``=====>`` a result,
`` !    `` an error; everything else is indented.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

LIMIT = 20 << 20
"""Bytes a log may grow to; a build that prints a gigabyte must not fill the disk."""
_LINE_LIMIT = 4000
_UNPRINTABLE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[@-Z\\-_]|[\x00-\x08\x0b-\x1f\x7f]")


class DeployLog:
    """Appends to ``path``. Every line is on disk, for those who follow, when the call returns."""

    def __init__(self, path: Path, secrets: Iterable[str] = ()) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8", buffering=1, errors="replace")
        self._secrets = sorted((secret for secret in secrets if len(secret) > 3), key=len, reverse=True)
        self._left = LIMIT - self._file.tell()

    def step(self, text: str) -> None:
        """A step begins."""
        self._write("-----> ", text)

    def result(self, text: str) -> None:
        """The outcome."""
        self._write("=====> ", text)

    def error(self, text: str) -> None:
        """What went wrong; may be several lines."""
        for line in text.splitlines():
            self._write(" !     ", line)

    def line(self, text: str) -> None:
        """What a step has to tell; may be several lines."""
        for line in text.splitlines():
            if self._left > 0:
                self._write("       ", line)

    def close(self) -> None:
        """No more lines."""
        self._file.close()

    def _write(self, prefix: str, text: str) -> None:
        for secret in self._secrets:
            text = text.replace(secret, "••••••")
        text = _UNPRINTABLE.sub("", text)[:_LINE_LIMIT].rstrip()
        written = self._file.write(f"{prefix}{text}\n")
        had_room, self._left = self._left > 0, self._left - written
        if had_room and self._left <= 0:
            self._file.write(
                f" !     the log is full ({LIMIT >> 20} MB): what the steps tell from here on is left out\n"
            )
