"""The script of a project that fetches and runs the build tool of its choice: ``mvnw``, ``gradlew``."""

from __future__ import annotations

# A script that was committed on Windows has CR LF, which sh(1) does not accept. The file itself is rewritten, since
# wrappers derive their folder from ``$0``.
_RUN = "script=$(tr -d '\\r' <{0}) && printf '%s\\n' \"$script\" >{0} && unset script && exec sh ./{0} \"$@\""


def wrapper_command(name: str, *arguments: str, first: str = "") -> tuple[str, ...]:
    """The command that runs the script ``name`` in the source's top folder, with any line ends and without mode ``x``.

    ``first`` is shell text that runs before it.
    """
    return ("sh", "-c", first + _RUN.format(name), f"./{name}", *arguments)


def as_typed(command: tuple[str, ...]) -> str:
    """A command as a person would type it: ``./mvnw package`` for one of ``wrapper_command``."""
    is_wrapper = len(command) > 3 and command[2].endswith(_RUN.format(command[3].removeprefix("./")))
    return " ".join(command[3:] if is_wrapper else command)
