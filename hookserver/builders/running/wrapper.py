"""The script with which a project brings its own build tool: ``mvnw``, ``gradlew``."""

from __future__ import annotations

# CR comes from Windows. The script keeps its name and mode, since many derive their command and folder from ``$0``.
_RUN = "script=$(tr -d '\\r' <{0}) && printf '%s\\n' \"$script\" >{0} && unset script && exec sh ./{0} \"$@\""


def run(name: str, *arguments: str, first: str = "") -> tuple[str, ...]:
    """The command that runs the script ``name`` at the source's top, whatever its line ends and its mode.

    ``first`` is what the shell does before.
    """
    return ("sh", "-c", first + _RUN.format(name), f"./{name}", *arguments)


def shown(command: tuple[str, ...]) -> str:
    """A command as a person would type it: of one that ``run`` made, the script and its arguments."""
    is_run = len(command) > 3 and command[2].endswith(_RUN.format(command[3].removeprefix("./")))
    return " ".join(command[3:] if is_run else command)
