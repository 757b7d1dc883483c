"""Keeps the instance's logs bounded."""

from __future__ import annotations

from pathlib import Path

from hookserver.plain_text import plain

SIZE = 20 << 20
"""Bytes from which a log is rotated."""
KEPT = 5
"""Rotated logs that are kept."""
_NO_ERRORS = "(Nginx logged no error)"


def rotate(log: Path, size: int) -> bool:
    """Rename ``log`` to ``log.1``, ``log.1`` to ``log.2`` and so on when it has ``size`` bytes.

    Returns whether Nginx must reopen its logs. Until then it writes to the renamed file. A log that is missing means
    that an earlier rotation was killed before it sent the signal: https://nginx.org/en/docs/control.html#logs
    """
    if not log.exists():
        return True
    if log.stat().st_size < size:
        return False
    names = [log, *(log.with_name(f"{log.name}.{number}") for number in range(1, KEPT + 1))]
    for older, newer in zip(reversed(names), reversed(names[:-1]), strict=False):
        if newer.exists():
            newer.replace(older)
    return True


def size(log: Path) -> int:
    """Bytes; 0 when there is none."""
    return log.stat().st_size if log.is_file() else 0


def errors_since(log: Path, before: int) -> str:
    """The last lines in Nginx's error log after its first ``before`` bytes, without notices and warnings."""
    if not log.is_file():
        return _NO_ERRORS
    with log.open("rb") as file:
        file.seek(before)
        lines = plain(file.read(100_000).decode("utf-8", "replace")).splitlines()
    errors = [line for line in lines if "[notice]" not in line and "[warn]" not in line]
    return "\n".join(errors[-20:]) or _NO_ERRORS
