"""``tomcat.env_file``, in the format of ``docker run --env-file``.

Source: https://docs.docker.com/reference/cli/docker/container/run/#env
"""

from __future__ import annotations

import re
from pathlib import Path

from hookserver.errors import ContainerError


def read_env_file(file: Path | None) -> dict[str, str]:
    """The variables of the file; none without a file. Raises ContainerError when it cannot be read, or is malformed."""
    if file is None:
        return {}
    try:
        return parse_env_file(file.read_text(encoding="utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise ContainerError(
            f"{file} cannot be read: {error}",
            "Set tomcat.env_file to a file that hookserver's user may read.",
        ) from error


def parse_env_file(text: str, name: str) -> dict[str, str]:
    """The variables in NAME=value lines, whose values stay as they are; lines with ``#`` are comments.

    Raises ContainerError with the number of a line that has no ``=``, or no valid name.
    """
    variables: dict[str, str] = {}
    # Docker skips a byte order mark, too: https://github.com/docker/cli/blob/master/pkg/kvfile/kvfile.go
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        line = line.lstrip()
        if not line or line.startswith("#"):
            continue
        variable, equals, value = line.partition("=")
        if not equals or not variable or re.search(r"\s", variable):
            raise ContainerError(f"{name}: line {number} is not NAME=value", "Write one NAME=value on each line.")
        variables[variable] = value
    return variables
