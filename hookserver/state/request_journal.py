"""The requests that a replica has begun with: a file for each, in a folder of the host's, and a sign that it lays them.

Its Tomcat writes there (``builders/java/hookserver/Begun.java``), and Nginx looks there (``nginx/cut_off.py``) for what
to do with a request that a replica was sent and did not live to answer.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from hookserver.errors import ContainerError
from hookserver.state.state_dir import StateDir

SIGN = "keeps"
"""The file that a replica lays in its folder as long as it marks whatever must not be done twice."""

_INSIDE = "/run/hookserver/begun"
"""Where the folder is in the replica's container."""

OPTION = f"-Dhookserver.begun={_INSIDE}/{SIGN}"
"""Tells the replica's Tomcat where its sign is to be."""


def folder(state: StateDir, app: str, host: str) -> Path:
    """Of the app's replica at the address ``host``."""
    return state.begun / app / host


def binds(marks: Path) -> list[str]:
    """Docker's ``Binds`` for the folder; none where Docker cannot be told its name."""
    return [] if ":" in str(marks) else [f"{marks}:{_INSIDE}"]


def make_empty(marks: Path) -> None:
    """Make the folder ready for a new container, whatever user it runs as. A container starts without one, too.

    Raises ContainerError when the sign of the one before is left: the image of the new one may lay no marks.
    """
    sign = marks / SIGN
    with suppress(OSError):
        sign.unlink(missing_ok=True)
    if sign.is_file():
        raise ContainerError(f"{sign} cannot be removed", f"Remove it (rm -r {marks}), then deploy again.")
    with suppress(OSError):
        marks.mkdir(parents=True, exist_ok=True)
        marks.parent.chmod(0o711)
        for left in marks.iterdir():
            if left.is_dir() and not left.is_symlink():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink()
        marks.chmod(0o1777)


def take_signs_away(state: StateDir) -> None:
    """Trust no sign that is there: what laid it may be gone. Replicas that run lay theirs again within ten seconds."""
    for sign in state.begun.glob(f"*/*/{SIGN}"):
        with suppress(OSError):
            sign.unlink()
