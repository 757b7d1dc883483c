"""The request journal of a test's installation: its tmpfs, which hookserver leaves mounted."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from hookserver.state import journal_mount
from hookserver.state.state_dir import StateDir


@contextmanager
def mounted_journal(state: StateDir) -> Iterator[None]:
    """The journal is on in this block, for a test without a worker."""
    reason = journal_mount.mount(state)
    try:
        assert not reason, reason
        yield
    finally:
        unmount_journal(state)


def unmount_journal(state: StateDir) -> None:
    """Unmount whatever is mounted there, also while replicas have it: umount(8), --lazy."""
    while state.request_journal.is_mount():
        subprocess.run(["umount", "--lazy", str(state.request_journal)], check=True)
