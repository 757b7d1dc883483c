"""Tar files of strangers, read from the first block to the last in bounded memory.

``tarfile`` reads a long name and a sparse map of any size into memory, and fills the holes of a sparse file; here only
single headers are left to it. The format: https://www.gnu.org/software/tar/manual/html_node/Standard.html
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

SIZE = 4 << 30
"""Bytes of all entries."""
ENTRIES = 100_000
NAME = 4096
"""Bytes of a path: PATH_MAX of Linux."""
_EXTENDED = 256 << 10
"""Bytes of the attributes of an entry: a value is up to 64 KB, xattr(7)."""
_CHUNK = 1 << 20
_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_LINKS = (tarfile.LNKTYPE, tarfile.SYMTYPE)
_DEVICES = (tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)


class RefusedTar(tarfile.TarError):
    """Raised for a tar file that is damaged or has more than is allowed; the text says what."""


@dataclass
class Member:
    """An entry; ``kind`` is ``file``, ``folder``, ``link`` or ``device``. A file has content until the next entry."""

    name: str
    kind: str
    size: int
    mode: int
    uid: int
    gid: int
    _stream: IO[bytes] = field(repr=False)
    _left: int = 0

    def read(self) -> bytes:
        """The whole content: look at ``size`` first. Raises RefusedTar when it ends early."""
        return b"".join(self._chunks())

    def copy_to(self, file: IO[bytes]) -> None:
        """Write the content to a file. Raises RefusedTar when it ends early."""
        for chunk in self._chunks():
            file.write(chunk)

    def skip(self) -> None:
        """Go on to the end of what is left of the content. Raises RefusedTar when it ends early."""
        if self._stream.seekable():
            self._stream.seek(self._left, 1)
            self._left = 0
        for _ in self._chunks():
            pass

    def _chunks(self) -> Iterator[bytes]:
        while self._left:
            chunk = _read(self._stream, min(self._left, _CHUNK))
            self._left -= len(chunk)
            yield chunk


def read_tar(stream: IO[bytes], size: int = SIZE, entries: int = ENTRIES) -> Iterator[Member]:
    """The entries, in order, each read or skipped before the next one: at most so many, of so many bytes together.

    ``stream.read(n)`` returns fewer bytes only at the end. Raises RefusedTar, also for a sparse file, and OSError.
    """
    count, left, extended = 0, size, dict[str, str]()
    while header := _header(stream):
        count += 1
        if count > entries:
            raise RefusedTar(f"more than {entries} entries")
        if header.type in (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK):
            text = _extension(stream, header, NAME).rstrip(b"\0").decode("utf-8", "surrogateescape")
            extended |= {"path": text} if header.type == tarfile.GNUTYPE_LONGNAME else {}
        elif header.type in (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE):
            extended |= _records(_extension(stream, header, _EXTENDED))
        elif header.type == tarfile.XGLTYPE:
            _extension(stream, header, _EXTENDED)
        else:
            member = _member(stream, header, extended)
            left -= member.size
            if left < 0:
                raise RefusedTar(f"entries of more than {size >> 20} MB")
            padding = -member.size % tarfile.BLOCKSIZE
            yield member
            member.skip()
            _read(stream, padding)
            extended = {}


def _header(stream: IO[bytes]) -> tarfile.TarInfo | None:
    block = _read(stream, tarfile.BLOCKSIZE)
    if block == tarfile.NUL * tarfile.BLOCKSIZE:
        return None
    try:
        return tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError) as error:
        raise RefusedTar(f"a damaged header: {error}") from error


def _member(stream: IO[bytes], header: tarfile.TarInfo, extended: dict[str, str]) -> Member:
    name = extended.get("path", header.name)
    kinds = {**dict.fromkeys(_FILES, "file"), **dict.fromkeys(_LINKS, "link"), **dict.fromkeys(_DEVICES, "device")}
    kind = {**kinds, tarfile.DIRTYPE: "folder"}.get(header.type, "")
    if not kind or any(key.startswith("GNU.sparse.") for key in extended):
        raise RefusedTar(f"{name:.100} is a sparse or unknown kind of file")
    try:
        size = int(extended.get("size", header.size)) if kind == "file" else 0
    except ValueError:
        size = -1
    if size < 0 or len(name.encode("utf-8", "surrogateescape")) > NAME:
        raise RefusedTar(f"an entry without a valid size or name: {name:.100}")
    return Member(name, kind, size, header.mode, header.uid, header.gid, stream, size)


def _extension(stream: IO[bytes], header: tarfile.TarInfo, limit: int) -> bytes:
    """The content of an entry that describes the next one."""
    if not 0 <= header.size <= limit:
        raise RefusedTar(f"a name or attributes of {header.size} bytes; the limit is {limit}")
    content = _read(stream, header.size)
    _read(stream, -header.size % tarfile.BLOCKSIZE)
    return content


def _records(content: bytes) -> dict[str, str]:
    """The records of an extended header, each ``length key=value\\n``, with the length of all of it."""
    found, position = {}, 0
    while position < len(content):
        digits = content[position : position + 8].partition(b" ")[0]
        length = int(digits) if digits.isdigit() else 0
        if not len(digits) < length <= len(content) - position:
            raise RefusedTar("damaged attributes")
        record = content[position + len(digits) + 1 : position + length]
        key, _, value = record.decode("utf-8", "surrogateescape").partition("=")
        found[key] = value[:-1]
        position += length
    return found


def _read(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise RefusedTar("it ends early")
    return data
