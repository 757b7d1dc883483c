"""The types of values that name a file or a folder: of this machine, of the repository, or below Tomcat's folder."""

from __future__ import annotations

import os.path
import re
from enum import Enum, auto
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

BASE = "base"
"""In the validation's context: the folder from which relative paths count."""

_TOMCAT_PLACE = re.compile(r"conf/(?:[\w.-]+/)*[\w.-]+|lib/[\w.+-]+\.jar|bin/setenv\.sh", re.ASCII)


class Content(Enum):
    """What is in a file that a setting names."""

    SECRET = auto()
    VARIABLES = auto()
    OTHER = auto()


def _check_volume(value: str, info: ValidationInfo) -> str:
    parts = value.split(":")
    if len(parts) not in (2, 3) or not PurePosixPath(parts[1]).is_absolute() or not parts[0]:
        raise ValueError(f'{value!r} is not a mount; write "/on/the/host:/in/the/container" (":ro" may follow)')
    if len(parts) == 3 and parts[2] not in ("ro", "rw"):
        raise ValueError(f'{value!r} ends in neither ":ro" nor ":rw"')
    if parts[0].startswith("."):  # a name without a dot is a Docker volume's
        parts[0] = str(_from_the_file(Path(parts[0]), info))
    return ":".join(parts)


def _check_tomcat_place(value: str) -> str:
    if not _TOMCAT_PLACE.fullmatch(value) or {".", ".."} & set(value.split("/")):
        raise ValueError(f'{value!r} is not one of "conf/<file>", "lib/<name>.jar" and "bin/setenv.sh"')
    return value


def _check_own_file(value: str) -> str:
    path = PurePosixPath(value)
    if not value or ".." in path.parts or "\0" in value or value.endswith("/"):
        raise ValueError(f"{value!r} is neither a file of the repository nor an absolute path")
    return value


def _from_the_file(value: Path | None, info: ValidationInfo) -> Path | None:
    """A relative path of this machine counts from the settings file's folder."""
    base = (info.context or {}).get(BASE, "")
    return value and Path(os.path.normpath(Path(base, value)))


def _check_program(value: str, info: ValidationInfo) -> str:
    """A name without a slash is searched on PATH."""
    return str(_from_the_file(Path(value), info)) if "/" in value else value


FilePath = Annotated[Path, AfterValidator(_from_the_file)]
OptionalPath = Annotated[
    Path | None, BeforeValidator(lambda value: None if value == "" else value), AfterValidator(_from_the_file)
]
Program = Annotated[str, AfterValidator(_check_program)]
Volume = Annotated[str, AfterValidator(_check_volume)]
TomcatPlace = Annotated[str, AfterValidator(_check_tomcat_place)]
"""A file's path below Tomcat's folder."""
SecretFile = Annotated[FilePath, Content.SECRET]
"""A file whose whole text is a secret."""
VariablesFile = Annotated[OptionalPath, Content.VARIABLES]
"""A file of ``NAME=value`` lines, or none."""
OptionalFile = Annotated[OptionalPath, Content.OTHER]
"""A file without secrets, or none."""
OwnFile = Annotated[str, AfterValidator(_check_own_file), Content.OTHER]
"""A file of the app: an absolute path of this machine, else one of the repository."""
WarPath = Annotated[str, Content.OTHER]
"""The WAR: an absolute path of this machine, else a pattern for files of the repository; empty: any."""
