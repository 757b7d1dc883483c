"""A project's own ``Dockerfile``."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from hookserver.project.findings import Build, Evidence
from hookserver.project.folder import Folder

_FROM = re.compile(r"(?:--platform=\S+\s+)?(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE)
_PRODUCT = re.compile(r"(?:^|[\s/\"'])(?:target|build/libs|out)/|\.war\b")
_PORT = "8080"
_IN_WEBAPPS = re.compile(r"(?:^|/)webapps(?:/([^/]+)|$)")
_TOMCATS_OWN = {"docs", "examples", "host-manager", "manager"}


@dataclass(frozen=True)
class _Step:
    """One instruction of a stage, its name in capitals."""

    name: str
    rest: str


def read_build(folder: Folder) -> Build | None:
    """What the ``Dockerfile`` at the top begins with, and where it puts the app; None when there is none."""
    if "Dockerfile" not in folder:
        return None
    base, steps = _last_stage(folder.text("Dockerfile"))
    if not base:
        return Build("dockerfile", "Dockerfile without FROM")
    ports = [port.partition("/")[0] for step in steps if step.name == "EXPOSE" for port in step.rest.split()]
    elsewhere = f"the Dockerfile has EXPOSE {' '.join(ports)[:50]}, and hookserver asks on {_PORT}: "
    notes = [
        f"{elsewhere if ports and _PORT not in ports else ''}the app must listen on port {_PORT} in the Dockerfile's "
        "image, and stop in good order on SIGTERM"
    ]
    lines = [f"{step.name} {step.rest}" for step in steps if step.name in ("COPY", "ADD") and "--from" not in step.rest]
    missing = next((line for line in lines if _PRODUCT.search(line)), "")
    if missing:
        notes.append(
            f"the Dockerfile has {missing[:100]!r}: what something else builds first must be in the repository"
        )
    return Build("dockerfile", f"Dockerfile, from {base}", path=_path(steps), lacks=missing, notes=tuple(notes))


def is_complete(build: Build) -> bool:
    """Whether a Dockerfile ends in a Tomcat and needs nothing that something else builds."""
    return "tomcat" in build.what.lower() and not build.lacks


def _last_stage(text: str) -> tuple[str, list[_Step]]:
    """What the last stage begins with, and its steps after those of the stage it builds on."""
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
            steps.append(_Step(name.upper(), rest.strip()))
    return base, steps


def _path(steps: list[_Step]) -> Evidence | None:
    """Where the app answers: ``/`` for ``webapps/ROOT``, empty where the name is not told; None without webapps."""
    names = list(dict.fromkeys(name for name in _put_into_webapps(steps) if name not in _TOMCATS_OWN))
    if not names:
        return None
    name = "ROOT" if "ROOT" in names else names[0]
    where = f"the Dockerfile puts the app at webapps/{name}"
    if not re.fullmatch(r"[\w.-]+(?:#[\w.-]+)*", name):
        return Evidence("", where)
    return Evidence("/" if name == "ROOT" else f"/{name.replace('#', '/')}", where)


def _put_into_webapps(steps: list[_Step]) -> Iterator[str]:
    """The names below ``webapps``, without ``.war`` and what Tomcat takes for a version."""
    workdir = ""
    for step in steps:
        if step.name == "WORKDIR":
            workdir = posixpath.join(workdir, step.rest.strip("\"'"))
        for words in _copies(step):
            *sources, target = words
            place = posixpath.normpath(target if target.startswith("$") else posixpath.join(workdir, target))
            match = _IN_WEBAPPS.search(place)
            if match is None:
                continue
            names = [match[1]] if match[1] else [posixpath.basename(source) for source in sources]
            for name in names:
                folder = bool(match[1]) and (place[match.end() :] or "." not in name)
                if folder or name.endswith(".war"):
                    yield name.removesuffix(".war").partition("##")[0]


def _copies(step: _Step) -> Iterator[list[str]]:
    """Sources and target of what the step copies, moves or links."""
    commands = [step.rest] if step.name in ("COPY", "ADD") else []
    if step.name == "RUN":
        parts = (part.strip() for part in re.split(r"&&|\|\||;", step.rest))
        commands = [part.partition(" ")[2] for part in parts if part.startswith(("cp ", "mv ", "ln "))]
    for command in commands:
        listed = re.findall(r'"([^"]*)"', command) if command.endswith("]") else command.split()
        words = [word.strip("\"'") for word in listed if not word.startswith("-")]
        if len(words) > 1:
            yield words
