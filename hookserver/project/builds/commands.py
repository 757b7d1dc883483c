"""Makes the command that builds a project, if the default command of its kind does not work."""

from __future__ import annotations

import shlex

from hookserver.project.findings import Build

_TOOLS = {"maven": ("mvn", "-ntp"), "gradle": ("gradle",), "ant": ("ant",)}
_OPTIONS = {
    "maven": ("-B", "-DskipTests"),
    "gradle": ("--no-daemon", "--console=plain"),
    "ant": ("-noinput",),
}
_FOLDER = {"maven": ("-f", "{}"), "gradle": ("-p", "{}"), "ant": ("-f", "{}/build.xml")}
_GOALS = {"maven": ("package",), "gradle": ("assemble",), "ant": ()}


def command(build: Build, subfolder: str = "") -> tuple[str, ...]:
    """The command, run at the repository's top. It uses the project's own wrapper, if there is one.

    ``subfolder`` is the project's folder, if that is not the top.
    """
    options, goals = _OPTIONS[build.kind], (*build.arguments, *_GOALS[build.kind])
    if build.wrapper:
        enter = f"cd {shlex.quote(subfolder)} && " if subfolder else ""
        # The official Maven image sets MAVEN_CONFIG to a folder, which mvnw takes for arguments
        unset = "unset MAVEN_CONFIG && " if build.kind == "maven" else ""
        return ("sh", "-c", f"{enter}{unset}exec sh {shlex.join((build.wrapper, *options, *goals))}")
    folder = tuple(word.format(subfolder) for word in _FOLDER[build.kind]) if subfolder else ()
    return (*_TOOLS[build.kind], *options, *folder, *goals)
