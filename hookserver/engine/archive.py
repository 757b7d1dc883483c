"""Files that are copied out of a container or into it: Docker sends and takes them as tar files."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from docker.errors import NotFound

from hookserver.engine.client import Engine
from hookserver.limits.tar import Member, read_tar

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


@dataclass(frozen=True)
class Entry:
    """A file for a container: its path below the folder to which it is copied, its content, mode and owner."""

    path: str
    content: bytes
    mode: int = 0o644
    uid: int = 0
    gid: int = 0


def pack(entries: Iterable[Entry]) -> IO[bytes]:
    """The entries as a tar file in memory."""
    spool = io.BytesIO()
    with tarfile.open(fileobj=spool, mode="w") as archive:
        for entry in entries:
            member = tarfile.TarInfo(entry.path)
            member.size, member.mode, member.uid, member.gid = len(entry.content), entry.mode, entry.uid, entry.gid
            archive.addfile(member, io.BytesIO(entry.content))
    spool.seek(0)
    return spool


class Chunks(io.RawIOBase):
    """Bytes that arrive in chunks, as a file to read."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the buffer, or a part of it; returns how many bytes, 0 at the end."""
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        target = memoryview(buffer).cast("B")
        count = min(len(target), len(self._rest))
        target[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


@contextmanager
def open_archive(engine: Engine, container: str, path: str) -> Iterator[Iterator[Member]]:
    """The entries of a file or folder of a container, to be read once, in order.

    Raises FileNotFoundError when it is not there, the engine's error class when Docker does not send it, or when it has
    more than ``read_tar`` allows.
    """
    with engine.doing(f"copy {path} out of a container"):
        try:
            chunks, _ = engine.api.get_archive(container, path)
        except NotFound:
            chunks = None
        if chunks is not None:
            yield read_tar(io.BufferedReader(Chunks(chunks)))
    if chunks is None:
        raise FileNotFoundError(path)


def read_file(engine: Engine, container: str, path: str, limit: int) -> bytes:
    """The bytes of a container's file, also through a symlink; empty: no such file, or more than ``limit`` bytes.

    Raises the engine's error class when Docker does not send it.
    """
    with engine.doing(f"copy {path} out of a container"):
        try:
            chunks, stat = engine.api.get_archive(container, path)
            # Docker sends a symlink as such, and its target, resolved inside the container, in a header:
            # https://github.com/moby/moby/blob/master/daemon/containerfs_linux.go
            if stat["linkTarget"]:
                chunks, stat = engine.api.get_archive(container, stat["linkTarget"])
        except NotFound:
            return b""
        entry = next(read_tar(io.BufferedReader(Chunks(chunks))), None)
        return entry.read() if entry and entry.kind == "file" and entry.size <= limit else b""
