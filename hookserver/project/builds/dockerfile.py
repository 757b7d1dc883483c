"""Reads a project's own ``Dockerfile`` (https://docs.docker.com/reference/dockerfile/)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from hookserver.project.findings import Build, Evidence
from hookserver.project.folder import Folder

_FROM = re.compile(r"(?:--platform=\S+\s+)?(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE)
_PRODUCT = re.compile(r"(?:^|[\s/\"'])(?:target|build/libs|out)/|\.war\b")
_PORT = "8080"
_IN_WEBAPPS = re.compile(r"(?:^|/)webapps(?:/([^/]+)|$)")
_TOMCAT_APPS = {"docs", "examples", "host-manager", "manager"}
"""The apps of the Tomcat distribution."""

_Step = tuple[str, str]
"""An instruction: its name in capitals, and its arguments."""


def read_build(folder: Folder) -> Build | None:
    """The build of the ``Dockerfile`` at the top; None if there is none."""
    if "Dockerfile" not in folder:
        return None
    base, steps = _last_stage(folder.text("Dockerfile"))
    if not base:
        return Build("dockerfile", "Dockerfile without FROM")
    ports = [port.partition("/")[0] for name, exposed in steps if name == "EXPOSE" for port in exposed.split()]
    other_port = f"the Dockerfile has EXPOSE {' '.join(ports)[:50]}, but hookserver connects to {_PORT}: "
    notes = [
        f"{other_port if ports and _PORT not in ports else ''}the app in the Dockerfile's image must listen on port "
        f"{_PORT}, and stop gracefully on SIGTERM"
    ]
    copies = [f"{name} {files}" for name, files in steps if name in ("COPY", "ADD") and "--from" not in files]
    missing = next((copy for copy in copies if _PRODUCT.search(copy)), "")
    if missing:
        notes.append(f"the Dockerfile has {missing[:100]!r}: commit that file, since nothing builds it before")
    description = f"Dockerfile, from {base}"
    return Build("dockerfile", description, base=base, path=_path(steps), missing=missing, notes=tuple(notes))


def is_complete(build: Build) -> bool:
    """Whether a Dockerfile's image is a Tomcat, and needs no file that must be built before."""
    return "tomcat" in build.description.lower() and not build.missing


def _last_stage(text: str) -> tuple[str, list[_Step]]:
    """The base image of the last stage, and its steps, after those of the stage that it continues."""
    stages: dict[str, tuple[str, list[_Step]]] = {}
    base, steps = "", list[_Step]()
    text = re.sub(r"(?m)^[ \t]*#[^\n]*\n?", "", text)
    for line in re.sub(r"\\[ \t]*\r?\n", " ", text).splitlines():
        name, _, rest = line.strip().partition(" ")
        if name.upper() == "FROM" and (stage := _FROM.match(rest.strip())):
            base, before = stages.get(stage[1].lower(), (stage[1], []))
            steps = [*before]
            stages[(stage[2] or "").lower()] = (base, steps)
        elif base and name:
            steps.append((name.upper(), rest.strip()))
    return base, steps


def _path(steps: list[_Step]) -> Evidence | None:
    """The app's URL path: empty if its name is unknown; None if nothing is put into ``webapps``.

    https://tomcat.apache.org/tomcat-10.1-doc/config/context.html#Naming: ROOT is ``/``, ``#`` is a slash, and ``##``
    begins a version.
    """
    names = list(dict.fromkeys(name for name in _put_into_webapps(steps) if name not in _TOMCAT_APPS))
    if not names:
        return None
    name = "ROOT" if "ROOT" in names else names[0]
    where = f"the Dockerfile puts the app at webapps/{name}"
    if not re.fullmatch(r"[\w.-]+(?:#[\w.-]+)*", name):
        return Evidence("", where)
    return Evidence("/" if name == "ROOT" else f"/{name.replace('#', '/')}", where)


def _put_into_webapps(steps: list[_Step]) -> Iterator[str]:
    """The names of apps in ``webapps``, without ``.war`` and version."""
    workdir = ""
    for instruction, arguments in steps:
        if instruction == "WORKDIR":
            workdir = posixpath.join(workdir, arguments.strip("\"'"))
        for *sources, target in _copies(instruction, arguments):
            path = posixpath.normpath(target if target.startswith("$") else posixpath.join(workdir, target))
            match = _IN_WEBAPPS.search(path)
            if match is None:
                continue
            names = [match[1]] if match[1] else [posixpath.basename(source) for source in sources]
            for name in names:
                is_folder = bool(match[1]) and (path[match.end() :] or "." not in name)
                if is_folder or name.endswith(".war"):
                    yield name.removesuffix(".war").partition("##")[0]


def _copies(instruction: str, arguments: str) -> Iterator[list[str]]:
    """Sources and target of each copy, move and link of the step."""
    commands = [arguments] if instruction in ("COPY", "ADD") else []
    if instruction == "RUN":
        parts = (part.strip() for part in re.split(r"&&|\|\||;", arguments))
        commands = [part.partition(" ")[2] for part in parts if part.startswith(("cp ", "mv ", "ln "))]
    for command in commands:
        listed = re.findall(r'"([^"]*)"', command) if command.endswith("]") else command.split()
        words = [word.strip("\"'") for word in listed if not word.startswith("-")]
        if len(words) > 1:
            yield words
