"""The request journal: files that say which requests a replica has begun to process.

Its Tomcat writes them (``RequestJournalValve`` of ``tomcat_library``) to a folder of the host, and Nginx reads them
there (``nginx/text/cut_off.py``) to decide whether another replica may get a request that a dead one did not answer.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from hookserver.errors import ContainerError
from hookserver.state.journal_mount import why_off
from hookserver.state.state_dir import StateDir

ACTIVE = "keeps"
"""The file that exists while the replica records each request that must not be processed twice."""

_IN_CONTAINER = "/run/hookserver/requests"
"""Where the folder is in the replica's container."""

JVM_OPTION = f"-Dhookserver.request_journal={_IN_CONTAINER}/{ACTIVE}"
"""The option by which the replica's Tomcat finds where to create `ACTIVE`."""


def folder(state: StateDir, app: str, host: str) -> Path:
    """The journal of the app's replica at the address ``host``."""
    return state.request_journals / app / host


def binds(journal: Path) -> list[str]:
    """Docker's ``Binds`` for the journal; none where Docker cannot parse its path."""
    # Docker splits "host:container" at each colon: https://docs.docker.com/engine/storage/bind-mounts/
    return [] if ":" in str(journal) else [f"{journal}:{_IN_CONTAINER}"]


def for_new_container(state: StateDir, app: str, host: str) -> Path | None:
    """The replica's journal, empty, writable for any user; None when the journal is off, or has no room for a folder.

    Raises ContainerError when the previous container's `ACTIVE` cannot be removed: the new image may record nothing.
    """
    journal = folder(state, app, host)
    return journal if not why_off(state) and make_empty(journal) else None


def make_empty(journal: Path) -> bool:
    """Prepare the folder for a new container, whatever user that runs as; whether there is one now.

    Raises ContainerError when the previous container's `ACTIVE` cannot be removed: the new image may record nothing.
    """
    active = journal / ACTIVE
    with suppress(OSError):
        active.unlink(missing_ok=True)
    if active.is_file():
        raise ContainerError(f"{active} cannot be removed", f"Remove it (rm -r {journal}), then deploy again.")
    try:
        journal.mkdir(parents=True, exist_ok=True)
        _open(journal)
    except OSError:
        return False
    with suppress(OSError):
        for entry in journal.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink()
    return True


def deactivate_all(state: StateDir) -> None:
    """Remove every `ACTIVE`, since its container may be gone. A running replica creates its own again within 10 s.

    After a reboot the folders are those that Docker created as it started the replicas: they are opened to any user.
    """
    for journal in state.request_journals.glob("*/*"):
        with suppress(OSError):
            _open(journal)
            (journal / ACTIVE).unlink(missing_ok=True)


def _open(journal: Path) -> None:
    """Let any user write, and remove only their own files: the sticky bit, inode(7). Raises OSError."""
    for above in (journal.parent, journal.parent.parent):
        above.chmod(0o711)
    journal.chmod(0o1777)
