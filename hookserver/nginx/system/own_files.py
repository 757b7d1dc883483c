"""Several files that are replaced together, and restored together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from hookserver.state.atomic_write import OWNER_ONLY, write_atomically


def differ(wanted: Mapping[Path, str | None]) -> bool:
    """Whether a file has another text than wanted (None: the file is not there)."""
    return any(_read(path) != text for path, text in wanted.items())


def write_files(wanted: Mapping[Path, str | None]) -> None:
    """Write each file, or remove it (None). The old files are kept until ``put_back`` or ``remove_old_files``.

    Only the owner can read them. Raises OSError; all files are then as before.
    """
    remove_old_files(wanted)
    try:
        for path in wanted:
            if path.exists():
                _aside(path).hardlink_to(path)
    except OSError:
        remove_old_files(wanted)
        raise
    try:
        for path, text in wanted.items():
            if text is None:
                path.unlink(missing_ok=True)
            else:
                # One has the name of the status server; a master of root reads them all.
                write_atomically(path, text, mode=OWNER_ONLY, durable=True)
    except OSError:
        put_back(wanted)
        raise


def put_back(paths: Iterable[Path]) -> None:
    """Restore the files from before ``write_files``. Needs no room on the disk."""
    for path in paths:
        if _aside(path).exists():
            _aside(path).replace(path)
        else:
            path.unlink(missing_ok=True)


def remove_old_files(paths: Iterable[Path]) -> None:
    """Remove the old files that ``write_files`` kept."""
    for path in paths:
        _aside(path).unlink(missing_ok=True)


def _aside(path: Path) -> Path:
    """A name that begins with a dot: no ``include`` with a star matches it (glob(7))."""
    return path.with_name(f".{path.name}.old")


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return None
