"""A WAR file, which may be hostile: checked as a whole, then repacked as tar entries, never unpacked on the host.

The zip format is that of PKWARE's APPNOTE.TXT: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

from __future__ import annotations

import calendar
import hashlib
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, NoReturn

from hookserver.errors import BuildError
from hookserver.limits.zip import DAMAGED, ENTRIES, TooManyEntries, open_zip

LIBRARY = "WEB-INF/lib/"
_SIZE = 4 << 30
_RATIO = 100
"""Times that a WAR may grow when it is unpacked: the jars in a real one are compressed already."""
_RATIO_MATTERS = 256 << 20
_LOCAL_HEADER = 30
"""Bytes before the name; the last four are the lengths of name and extra field (APPNOTE.TXT, 4.3.7)."""
_ENCRYPTED = 1
"""Bit 0 of the flags (APPNOTE.TXT, 4.4.4)."""


@dataclass(frozen=True)
class CheckedWar:
    """A WAR whose entries stay inside it: those of ``WEB-INF/lib``, and the rest."""

    archive: zipfile.ZipFile
    library: tuple[zipfile.ZipInfo, ...]
    rest: tuple[zipfile.ZipInfo, ...]

    def library_digest(self) -> str:
        """The digest of the libraries, computed quickly: of the compressed bytes."""
        digest = hashlib.sha256()
        with Path(str(self.archive.filename)).open("rb") as file:
            for entry in self.library:
                digest.update(f"{entry.filename}\0{entry.compress_size}\0".encode())
                file.seek(entry.header_offset + _LOCAL_HEADER - 4)
                lengths = file.read(4)
                file.seek(int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little"), 1)
                for offset in range(0, entry.compress_size, 1 << 20):
                    digest.update(file.read(min(1 << 20, entry.compress_size - offset)))
        return digest.hexdigest()


@contextmanager
def open_war(path: Path) -> Iterator[CheckedWar]:
    """Open and check a WAR. Raises BuildError when it is no WAR, or has a dangerous entry."""
    try:
        with path.open("rb") as file, open_zip(file) as archive:
            entries = archive.infolist()
            _check(entries, path.stat().st_size)
            files = sorted((entry for entry in entries if not entry.is_dir()), key=lambda entry: entry.filename)
            library = tuple(entry for entry in files if entry.filename.startswith(LIBRARY))
            rest = tuple(entry for entry in files if not entry.filename.startswith(LIBRARY))
            yield CheckedWar(archive, library, rest)
    except TooManyEntries as error:
        _refuse(str(error), f"the limit is {ENTRIES}")
    except DAMAGED as error:
        raise BuildError(f"{path.name} cannot be read as a WAR: {error}", "Check how the build makes it.") from error


@contextmanager
def pack_entries(war: CheckedWar, entries: Iterable[zipfile.ZipInfo], below: str, work: Path) -> Iterator[IO[bytes]]:
    """The entries as a tar file below the folder ``below``: owned by root, mode 0644, with the times of the WAR."""
    with tempfile.TemporaryFile(dir=work) as spool:
        folders: set[PurePosixPath] = set()
        with tarfile.open(fileobj=spool, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for entry in entries:
                name = PurePosixPath(below, entry.filename)
                for folder in reversed(name.parents[:-1]):
                    if folder not in folders:
                        folders.add(folder)
                        archive.addfile(_folder(str(folder)))
                with war.archive.open(entry) as content:
                    archive.addfile(_file(str(name), entry), content)
        spool.seek(0)
        yield spool


def _check(entries: list[zipfile.ZipInfo], packed: int) -> None:
    size = sum(entry.file_size for entry in entries)
    if size > _SIZE:
        _refuse(f"{len(entries)} entries of {size >> 20} MB", f"the limit is {_SIZE >> 20} MB")
    if size > _RATIO_MATTERS and size > _RATIO * packed:
        _refuse(f"{packed >> 20} MB that unpack to {size >> 20} MB", "which can be a zip bomb")
    for entry in entries:
        # zipfile cuts `filename` at a null byte; `orig_filename` is the name in the archive (ZipInfo in Lib/zipfile).
        parts = entry.orig_filename.rstrip("/").split("/")
        if any(part in ("", ".", "..") for part in parts) or "\\" in entry.orig_filename or "\0" in entry.orig_filename:
            _refuse(f"the entry {entry.orig_filename!r}", "its name leads out of the WAR")
        # Packers on Unix write the mode there; others leave 0 (APPNOTE.TXT, 4.4.15).
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            _refuse(f"the entry {entry.filename!r}", "it is a symlink or another special file")
        if entry.flag_bits & _ENCRYPTED:
            _refuse(f"the entry {entry.filename!r}", "it is encrypted")
    if not any(_belongs_in_a_war(entry.filename) for entry in entries):
        _refuse("neither WEB-INF nor an index page", "it is not a web application")


def _belongs_in_a_war(name: str) -> bool:
    return name.startswith("WEB-INF/") or PurePosixPath(name).stem == name.partition(".")[0] == "index"


def _refuse(content: str, reason: str) -> NoReturn:
    raise BuildError(f"the WAR is refused: it has {content}; {reason}", "Check how the build makes it.")


def _folder(name: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mode = tarfile.DIRTYPE, 0o755
    return member


def _file(name: str, entry: zipfile.ZipInfo) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = entry.file_size, 0o644
    year, month, day, *time = entry.date_time
    # Packers that know no time leave it all 0 (APPNOTE.TXT, 4.4.6), which is no date.
    member.mtime = calendar.timegm((year, max(month, 1), max(day, 1), *time, 0, 0, 0))
    return member
