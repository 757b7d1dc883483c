"""The file system of the request journal: a small tmpfs of its own, mounted at ``StateDir.request_journal``.

Replicas write to it, some as root. On a tmpfs with bounds they cannot fill the disk, and a device file or a setuid
program that they leave there is of no use on the host. While nothing is mounted, the name of the journals' folder
belongs to an empty file: Docker creates a missing folder of a bind mount, and can then create none on the disk.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Set
from contextlib import suppress
from pathlib import Path

from hookserver.state.state_dir import StateDir
from hookserver.state.worker_lock import worker_is_alive

_GUARDS = ("nosuid", "nodev", "noexec")
OPTIONS = ",".join(["size=1m", "nr_inodes=100k", "mode=0711", *_GUARDS, "noatime"])
"""Of the tmpfs: tmpfs(5), mount(8). A record is an empty file, which takes an inode and no other room.

Until Nginx's group is known, Nginx enters the folder as one of the others.
"""
_SECONDS = 10.0


def why_off(state: StateDir) -> str:
    """Why the journal is off; empty: it is on, a file system of its own with safe options is mounted."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape")
    except OSError as error:
        return f"the mounts of this machine cannot be read: {error}"
    return judge(mounts, state.request_journal.resolve())


def warning(state: StateDir) -> str:
    """A line for a person when a worker runs whose journal is off, else nothing."""
    reason = why_off(state)
    return f"the request journal is off: {reason}" if reason and worker_is_alive(state) else ""


def judge(mountinfo: str, folder: Path) -> str:
    """Why what is mounted at ``folder`` is no file system for the journal; empty: it is one.

    ``mountinfo`` is a text as proc_pid_mountinfo(5) describes it; of several mounts at one place, the last counts.
    """
    found = None
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        _, _, _, _, place, options, *_ = before.split(" ")
        if _unescaped(place) == str(folder):
            found = after.partition(" ")[0], {*options.split(",")}
    return _fault(*found, folder) if found else f"no tmpfs is mounted at {folder}"


def _fault(kind: str, options: Set[str], folder: Path) -> str:
    if kind != "tmpfs":
        return f"{folder} is on a file system of type {kind}, not on a tmpfs"
    missing = [option for option in _GUARDS if option not in options]
    return f"the tmpfs at {folder} is mounted without {', '.join(missing)}" if missing else ""


def mount(state: StateDir) -> str:
    """Mount the tmpfs, unless something is mounted there; why the journal is off, or nothing.

    It stays mounted when hookserver ends, since the replicas and Nginx go on with it.
    """
    folder = state.request_journal
    if os.path.ismount(folder):
        return why_off(state)
    try:
        _close(state.request_journals)
    except OSError as error:
        return f"{folder} cannot be used: {error}"
    if os.geteuid() != 0:
        return f"only root can mount a tmpfs at {folder}, and hookserver does not run as root"
    if _has_own_mounts():
        return f"hookserver has mounts of its own, so Docker would not see a tmpfs that it mounts at {folder}"
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", OPTIONS, "hookserver-journal", str(folder)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        return f"no tmpfs can be mounted at {folder}: {error.stderr.strip()}"
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"no tmpfs can be mounted at {folder}: {error}"
    return why_off(state)


def _close(journals: Path) -> None:
    """Put a file where the journals' folder would be on the disk. Raises OSError."""
    journals.parent.mkdir(mode=0o711, exist_ok=True)
    if journals.is_dir() and not journals.is_symlink():
        shutil.rmtree(journals)
    journals.touch(mode=0o444)


def _has_own_mounts() -> bool:
    """Whether we are in another mount namespace than the first process of the machine: mount_namespaces(7)."""
    with suppress(OSError):
        return Path("/proc/self/ns/mnt").readlink() != Path("/proc/1/ns/mnt").readlink()
    return False


def _unescaped(path: str) -> str:
    r"""A path of mountinfo, which has blanks and backslashes as octal numbers, such as ``\040``."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), path)
