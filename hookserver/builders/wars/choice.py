"""Which of the WARs that lie about is the one to deploy."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from hookserver.builders.running.output import listed
from hookserver.errors import BuildError

_SIDE_PRODUCTS = ("-sources.war", "-javadoc.war", "-tests.war", "-plain.war")


def choose_war(found: list[str], pattern: str, folder: str) -> str:
    """The one WAR among the paths that a build left, relative to the project. Raises BuildError when it is not one.

    ``pattern`` is ``build.war``; empty: the WARs that lie directly in a folder called ``folder`` (empty: anywhere).
    What tools leave beside the WAR, such as Spring Boot's ``-plain.war``, is passed over, unless ``pattern`` fits
    nothing else.
    """
    if pattern:
        fitting = [path for path in found if matches(path, pattern)]
    else:
        fitting = [path for path in found if not folder or PurePosixPath(path).parent.name == folder]
    wars = [path for path in fitting if not path.endswith(_SIDE_PRODUCTS)]
    if pattern and not wars:
        wars = fitting
    if len(wars) == 1:
        return wars[0]
    where = f"build.war = {pattern!r}" if pattern else f"**/{folder}/*.war" if folder else "**/*.war"
    if wars:
        raise BuildError(
            f"several WARs fit {where}:\n{listed(wars)}",
            'Name the one to deploy in build.war, a path or a glob such as "web/target/*.war".',
        )
    if found:
        raise BuildError(f"no WAR fits {where}; there are:\n{listed(found)}", "Name the one to deploy in build.war.")
    raise BuildError(
        f"the build left no WAR ({where})",
        "Let the project make one (Maven: <packaging>war</packaging>, Gradle: the war plugin), or set build.command to "
        "what does.",
    )


def matches(path: str, pattern: str) -> bool:
    """Whether a relative path fits a glob: ``*`` and ``?`` within one name, ``**/`` any folders, none included."""
    parts = re.split(r"(\*\*/|\*|\?)", pattern.removeprefix("./"))
    said = {"**/": "(?:[^/]+/)*", "*": "[^/]*", "?": "[^/]"}
    return re.fullmatch("".join(said.get(part, re.escape(part)) for part in parts), path) is not None
