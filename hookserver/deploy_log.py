"""A deploy's log: a text file that is written line by line, bounded, with the secrets masked.

The prefixes are those that people who ``git push`` know from dokku: ``----->`` a step, ``=====>`` a result,
`` !    `` an error; everything else is indented.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TextIO

LIMIT = 20 << 20
"""Bytes a log may grow to; a build that prints a gigabyte must not fill the disk."""
_LINE_LIMIT = 4000
_UNPRINTABLE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[@-Z\\-_]|[\x00-\x08\x0b-\x1f\x7f]")


class DeployLog:
    """Appends to ``path``. Every line is in the file, for those who follow, when the call returns.

    A disk that is full costs lines of the log, never the deploy.
    """

    def __init__(self, path: Path, secrets: Iterable[str] = ()) -> None:
        self._file = _opened(path)
        parts = {part.strip() for secret in secrets for part in (secret, *secret.splitlines())}
        self._secrets = sorted((part for part in parts if len(part) > 3), key=len, reverse=True)
        self._left = LIMIT - (path.stat().st_size if path.exists() else 0)

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

    def masked(self, text: str) -> str:
        """The text without what must not be read in it."""
        for secret in self._secrets:
            text = text.replace(secret, "••••••")
        return text

    def close(self) -> None:
        """No more lines."""
        with suppress(OSError):
            self._file.close()

    def _write(self, prefix: str, text: str) -> None:
        text = _UNPRINTABLE.sub("", self.masked(text))[:_LINE_LIMIT].rstrip()
        written = self._append(f"{prefix}{text}\n")
        had_room, self._left = self._left > 0, self._left - written
        if had_room and self._left <= 0:
            self._append(f" !     the log is full ({LIMIT >> 20} MB): what the steps tell from here on is left out\n")

    def _append(self, line: str) -> int:
        try:
            return self._file.write(line)
        except OSError:
            return 0


def _opened(path: Path) -> TextIO:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        own = partial(os.open, mode=0o600)
        return open(path, "a", encoding="utf-8", buffering=1, errors="replace", opener=own)
    except OSError:
        return Path(os.devnull).open("a", encoding="utf-8")
