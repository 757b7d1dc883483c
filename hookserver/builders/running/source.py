"""A source on the host, which may be hostile: no symlink of it leads a read out of it."""

from __future__ import annotations

import os
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from hookserver.errors import BuildError

_TEXT_LIMIT = 1 << 20


def find_file(source: Path, name: str) -> Path | None:
    """The regular file with this relative path; None when there is none, or a symlink leads out of the source."""
    file = source / name
    try:
        real = file.resolve(strict=True)
    except (OSError, RuntimeError):
        return None
    return real if real.is_file() and real.is_relative_to(source.resolve()) else None


def read_text(source: Path, name: str) -> str:
    """The text of a file of the source, at most its first megabyte; empty when there is none."""
    file = find_file(source, name)
    if file is None:
        return ""
    with file.open("rb") as opened:
        return opened.read(_TEXT_LIMIT).decode("utf-8", "replace")


def list_files(source: Path, suffix: str) -> Iterator[str]:
    """The relative paths of the source's regular files with this suffix, sorted; symlinks are not followed."""
    for folder, folders, names in os.walk(source, followlinks=False):
        folders[:] = sorted(name for name in folders if name != ".git")
        for name in sorted(names):
            file = Path(folder, name)
            if name.endswith(suffix) and file.is_file() and not file.is_symlink():
                yield file.relative_to(source).as_posix()


@contextmanager
def pack_source(source: Path, work: Path, below: str = "", paths: Iterable[str] | None = None) -> Iterator[IO[bytes]]:
    """The source as a tar file whose entries are below the folder ``below``, owned by root; of ``paths`` only these.

    Symlinks stay symlinks; devices, pipes and sockets are left out. Raises BuildError when a file cannot be read.
    """
    with tempfile.TemporaryFile(dir=work) as spool:
        try:
            # The pax format has no limit for paths and sizes: https://docs.python.org/3/library/tarfile.html#tarfile.PAX_FORMAT
            with tarfile.open(fileobj=spool, mode="w", format=tarfile.PAX_FORMAT) as archive:
                if paths is None:
                    archive.add(source, below, filter=_as_root)
                for path in paths or ():
                    archive.add(source / path, f"{below}{path}", recursive=False, filter=_as_root)
        except OSError as error:
            raise BuildError(f"the source cannot be read: {error}", "Check the disk, then deploy again.") from error
        spool.seek(0)
        yield spool


def _as_root(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    # Reading a pipe would block, and a device in the tar file would be created by root.
    if not (entry.isreg() or entry.isdir() or entry.issym() or entry.islnk()):
        return None
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry
