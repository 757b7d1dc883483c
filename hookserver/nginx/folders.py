"""The folders of the managed instance: who may enter which, and one writer at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

from hookserver.config.files import ERROR_PAGES
from hookserver.errors import NginxError
from hookserver.nginx.text.servers import READABLE_FLAG
from hookserver.state.atomic_write import write_atomically
from hookserver.state.state_dir import StateDir


def prepare(state: StateDir, group: int = -1) -> None:
    """Create missing folders. Others can read only the live folder; they can at most pass through the rest.

    ``group``: the number of the workers' group, -1 when they are of our own user.
    Raises NginxError when the folders cannot be created.
    """
    # A worker of another user creates its temporary files, and opens its logs again, by itself.
    modes = {
        state.nginx: 0o711,
        state.nginx / "logs": 0o710,
        state.nginx / "temp": 0o710,
        state.live(READABLE_FLAG).parent: 0o755,
        # Only root can give it to the group of another user's Nginx: chown(2).
        state.web_socket.parent: 0o710 if os.geteuid() == 0 else 0o711,
    }
    try:
        with contextlib.suppress(FileExistsError):
            state.root.mkdir(parents=True)
            state.root.chmod(0o711)
        for folder, mode in modes.items():
            folder.mkdir(exist_ok=True)
            os.chown(folder, -1, group)
            folder.chmod(mode)
        state.live(READABLE_FLAG).touch(mode=0o644)
        _prepare_journal(state.request_journal, group)
        _write_error_pages(state.nginx / "error-pages")
    except OSError as error:
        raise NginxError(
            f"the folders of Nginx cannot be created: {error}", f"Let hookserver's user write to {state.root}."
        ) from error


def _write_error_pages(folder: Path) -> None:
    """The pages of an app that is not there, where an operator has none."""
    folder.mkdir(exist_ok=True)
    folder.chmod(0o711)
    text = Path(__file__).with_name("error_page.html").read_text("utf-8")
    for page in (folder / name for name in ERROR_PAGES):
        if not page.exists() or page.read_text("utf-8") != text:
            write_atomically(page, text)


def _prepare_journal(folder: Path, group: int) -> None:
    """Let Nginx enter the request journal. Where root mounted it for another user, Nginx enters as all others do."""
    with contextlib.suppress(PermissionError):
        folder.mkdir(exist_ok=True)
        os.chown(folder, -1, group)
        # Only root can give it to the group of another user's Nginx: chown(2).
        folder.chmod(0o710 if os.geteuid() == 0 else 0o711)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One process at a time. The kernel releases the lock of a killed one: flock(2)."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def closed_to(user: pwd.struct_passwd, folder: Path) -> Path | None:
    """The first folder on the way to ``folder`` that ``user`` may not enter."""
    groups = os.getgrouplist(user.pw_name, user.pw_gid)
    for step in (*reversed(folder.parents), folder):
        info = step.stat()
        others = stat.S_IXGRP if info.st_gid in groups else stat.S_IXOTH
        if not info.st_mode & (stat.S_IXUSR if info.st_uid == user.pw_uid else others):
            return step
    return None


def unreadable(state: StateDir, user: pwd.struct_passwd | None) -> NginxError:
    """The error for flags that Nginx's workers, of ``user``, cannot read."""
    live = state.live(READABLE_FLAG).parent
    closed = closed_to(user, live) if user else None
    return NginxError(
        f"Nginx cannot read the traffic flags in {live}",
        f"Its user may not enter {closed}: chmod o+x {closed}" if closed else f"Let its user read {live}.",
    )
