"""``tomcat.env_file``, read as ``docker run --env-file`` reads one."""

from __future__ import annotations

import re
from pathlib import Path

from hookserver.errors import ContainerError


def read_env_file(file: Path | None) -> dict[str, str]:
    """The variables of the file; none without one. Raises ContainerError when it cannot be read, or is none."""
    if file is None:
        return {}
    try:
        return parse_env_file(file.read_text(encoding="utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise ContainerError(f"{file} cannot be read: {error}", "Mend apps.<app>.tomcat.env_file.") from error


def parse_env_file(text: str, name: str) -> dict[str, str]:
    """A file as ``docker run --env-file`` reads it: NAME=value lines taken as they are, ``#`` lines left out.

    Raises ContainerError, naming the line, where there is no ``=`` or no proper name.
    """
    variables: dict[str, str] = {}
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        line = line.lstrip()
        if not line or line.startswith("#"):
            continue
        variable, equals, value = line.partition("=")
        if not equals or not variable or re.search(r"\s", variable):
            raise ContainerError(f"{name}: line {number} is not NAME=value", "Mend the file; it has one on each line.")
        variables[variable] = value
    return variables
