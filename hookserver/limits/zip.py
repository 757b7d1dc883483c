"""Zip files of strangers: their entries are counted before they are read.

The format is that of PKWARE's APPNOTE.TXT: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

ENTRIES = 100_000
"""``zipfile`` takes about 400 bytes of memory for each."""
_DIRECTORY = 32 << 20
"""Bytes of the list of all entries, or of anything else that is read at once."""
_SIGNATURE = b"PK\x01\x02"
"""The beginning of each entry in that list (APPNOTE.TXT, 4.3.12)."""
DAMAGED = (
    zipfile.BadZipFile,
    NotImplementedError,
    EOFError,
    OSError,
    RuntimeError,
    ValueError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
)
"""What ``zipfile`` raises for a zip file that is damaged, encrypted or packed in a way that it does not know."""


class TooManyEntries(zipfile.BadZipFile):
    """Raised for a zip file with more than ``ENTRIES``."""


@contextmanager
def open_zip(file: IO[bytes]) -> Iterator[zipfile.ZipFile]:
    """The zip file, to be read. Raises TooManyEntries, and what is in ``DAMAGED``."""
    with zipfile.ZipFile(_Counted(file)) as archive:
        yield archive


class _Counted:
    """A file of which ``zipfile`` reads the list of all entries at once, before it makes an object of each."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        """As the file's. Raises TooManyEntries when the list of entries is too long."""
        if size > _DIRECTORY:
            raise TooManyEntries(f"a list of entries of {size >> 20} MB")
        data = self._file.read(size)
        if data.startswith(_SIGNATURE) and data.count(_SIGNATURE) > ENTRIES:
            raise TooManyEntries(f"more than {ENTRIES} entries")
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
