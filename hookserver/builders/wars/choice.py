"""Which of several WARs is the one to deploy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from hookserver.errors import BuildError, indented
from hookserver.limits.glob import Globs

# Spring Boot's plain archive lacks the dependencies:
# https://docs.spring.io/spring-boot/gradle-plugin/packaging.html#packaging-executable.and-plain-archives
_SIDE_PRODUCTS = ("-sources.war", "-javadoc.war", "-tests.war", "-plain.war")

_SHOWN = 20


def choose_war(paths: list[str], pattern: str, folder: str) -> str:
    """The one WAR to deploy among a build's ``paths``, relative to the project. Raises BuildError for none or several.

    ``pattern`` is ``build.war``; empty: the WARs directly in a folder with the name ``folder`` (empty: anywhere).
    By-products of tools, such as Spring Boot's ``-plain.war``, count only when ``pattern`` fits nothing else.
    """
    if pattern:
        fitting = fitting_paths(paths, pattern)
    else:
        fitting = [path for path in paths if not folder or PurePosixPath(path).parent.name == folder]
    wars = [path for path in fitting if not path.endswith(_SIDE_PRODUCTS)]
    if pattern and not wars:
        wars = fitting
    if len(wars) == 1:
        return wars[0]
    where = f"build.war = {pattern!r}" if pattern else f"**/{folder}/*.war" if folder else "**/*.war"
    if wars:
        raise BuildError(
            f"several WARs fit {where}:\n{_shown(wars)}",
            'Set build.war to the one to deploy, a path or a glob such as "web/target/*.war".',
        )
    if paths:
        raise BuildError(f"no WAR fits {where}; there are:\n{_shown(paths)}", "Set build.war to the one to deploy.")
    raise BuildError(
        f"the build produced no WAR ({where})",
        "Let the project make one (Maven: <packaging>war</packaging>, Gradle: the war plugin), or set build.command to "
        "a command that does.",
    )


def _shown(paths: Sequence[str]) -> str:
    more = [f"… and {len(paths) - _SHOWN} more"] if len(paths) > _SHOWN else []
    return indented([*paths[:_SHOWN], *more])


def fitting_paths(paths: Iterable[str], pattern: str) -> list[str]:
    """The relative paths that fit a glob: ``*`` and ``?`` within one name, ``**/`` for any number of folders."""
    fits = Globs([pattern.removeprefix("./").replace("\\", r"\\").replace("[", r"\[")])
    return [path for path in paths if fits.match(path)]
