"""Where a replica marks what it begins with and must not do twice: a folder of the host's, into which Nginx looks.

Of what a replica that died was sent, Nginx asks another one only for what has no mark (``nginx/cut_off.py``).
"""

from __future__ import annotations

from pathlib import Path

from hookserver.errors import ContainerError
from hookserver.models import KEEPS_MARKS

_INSIDE = "/run/hookserver/begun"
"""Where the folder is in the replica's container."""

OPTION = f"-Dhookserver.begun={_INSIDE}/{KEEPS_MARKS}"
"""By which the replica's Tomcat knows what to lay there once it keeps marks."""


def bind(marks: Path) -> str:
    return f"{marks}:{_INSIDE}"


def make_empty(marks: Path) -> None:
    """The folder for a new container, whatever user it runs as. Raises ContainerError.

    It says nothing of its own yet: the image may be one that keeps no marks.
    """
    try:
        marks.mkdir(parents=True, exist_ok=True)
        for left in marks.iterdir():
            left.unlink()
        marks.chmod(0o777)
    except OSError as error:
        raise ContainerError(f"{marks} cannot be made empty: {error}", f"Remove {marks}, then deploy again.") from error
