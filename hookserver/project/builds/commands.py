"""The command that builds a project where its kind's own would not do."""

from __future__ import annotations

import shlex

from hookserver.project.findings import Build

_TOOLS = {"maven": ("mvn", "-ntp"), "gradle": ("gradle",), "ant": ("ant",)}
_ALWAYS = {
    "maven": ("-B", "-DskipTests"),
    "gradle": ("--no-daemon", "--console=plain"),
    "ant": ("-noinput",),
}
_PLACE = {"maven": ("-f", "{}"), "gradle": ("-p", "{}"), "ant": ("-f", "{}/build.xml")}
_GOALS = {"maven": ("package",), "gradle": ("assemble",), "ant": ()}


def command(build: Build, below: str = "") -> tuple[str, ...]:
    """What builds it, called at the repository's top, by its own wrapper if it has one.

    ``below`` is the folder that it lies in, when that is not the top.
    """
    always, said = _ALWAYS[build.kind], (*build.arguments, *_GOALS[build.kind])
    if build.wrapper:
        there = f"cd {shlex.quote(below)} && " if below else ""
        plain = "unset MAVEN_CONFIG && " if build.kind == "maven" else ""
        return ("sh", "-c", f"{there}{plain}exec sh {shlex.join((build.wrapper, *always, *said))}")
    place = tuple(word.format(below) for word in _PLACE[build.kind]) if below else ()
    return (*_TOOLS[build.kind], *always, *place, *said)
