"""Files that are copied out of a container or into it: Docker sends and takes them as tar files."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from docker.errors import NotFound

from hookserver.engine.client import Engine


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
    """Bytes that arrive in chunks, as a file that ``tarfile`` reads."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        """``size`` bytes; fewer only at the end."""
        parts = [self._rest]
        missing = size - len(self._rest)
        while missing > 0 and (chunk := next(self._chunks, b"")):
            parts.append(chunk)
            missing -= len(chunk)
        data = b"".join(parts)
        self._rest = data[size:]
        return data[:size]


@contextmanager
def open_archive(engine: Engine, container: str, path: str) -> Iterator[tarfile.TarFile]:
    """A file or folder of a container as a tar stream, to be read once, in order.

    Raises FileNotFoundError when it is not there, the engine's error class when Docker does not send it.
    """
    with engine.doing(f"copy {path} out of a container"):
        try:
            chunks, _ = engine.api.get_archive(container, path)
        except NotFound:
            chunks = None
        if chunks is not None:
            # "r|" reads a stream, which cannot seek: https://docs.python.org/3/library/tarfile.html#tarfile.open
            with tarfile.open(fileobj=Chunks(chunks), mode="r|") as archive:
                yield archive
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
        with tarfile.open(fileobj=Chunks(chunks), mode="r|") as archive:
            entry = archive.next()
            content = archive.extractfile(entry) if entry and entry.isreg() and entry.size <= limit else None
            return content.read() if content else b""
