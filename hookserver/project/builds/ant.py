"""Ant projects, by their ``build.xml`` and the property files it names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from hookserver.project.builds import ant_notes, ant_script
from hookserver.project.builds.ant_script import NETBEANS, Script, Task
from hookserver.project.builds.commands import command
from hookserver.project.findings import Build, Dependency, Evidence
from hookserver.project.folder import Folder, join
from hookserver.project.java import java_level, sorted_levels

_JAR = re.compile(r"(.+?)(?:-(\d[\w.]*?))?\.jar")
_UNKNOWN = re.compile(r"[$@]\{[^}]*\}")
_MADE = {"war": ("destfile", "warfile"), "jar": ("destfile", "jarfile"), "zip": ("destfile", "zipfile", "file")}
"""The tasks that can make a WAR, by the attributes that say where, the older ones last."""
_MOST_TARGETS = 20
_LEVELS = ("javac.target", "javac.source", "ant.build.javac.target", "ant.build.javac.source")


def read_build(folder: Folder) -> Build | None:
    """What the ``build.xml`` at the top makes; None when there is none."""
    if "build.xml" not in folder:
        return None
    notes: list[str] = []
    script = ant_script.read_script(folder, notes)
    if script is None:
        return Build("ant", "build.xml")
    target, wars = _target_for_war(script)
    notes += ant_notes.notes_on_missing_files(folder, script)
    if not wars:
        notes.append("build.xml has no <war destfile=…> that a target leads to, so the build may leave no WAR")
    name = script.files["build.xml"].get("name")
    build = Build(
        kind="ant",
        what=f"build.xml, default target {script.default or 'not said'}",
        wars=wars,
        name=Evidence(name, "the project's name in build.xml") if name else None,
        dependencies=tuple(libraries(folder)),
        java=sorted_levels(_levels(script)),
        arguments=(target,) if target else (),
        notes=tuple(notes),
    )
    if not target:
        return build
    without = f"the default target {script.default} makes no WAR" if script.default else "no target is the default one"
    why = f"{without} as far as build.xml tells, {target} makes it"
    return replace(build, command=command(build), command_reason=why)


def libraries(folder: Folder) -> Iterator[Dependency]:
    """The ``*.jar`` files that lie in the project, by their names. What is in no ``WEB-INF/lib`` is not shipped."""
    for name in folder.program_files(".jar"):
        match = _JAR.fullmatch(name.rpartition("/")[2])
        if match and "wrapper" not in name:
            scope = "" if "WEB-INF/lib/" in name else "provided"
            yield Dependency("", match[1], match[2] or "", name, scope)


def _target_for_war(script: Script) -> tuple[str, tuple[Evidence, ...]]:
    """The target to name, empty when the default one will do, and what it makes.

    Of several the one that makes the WAR itself, else the one that does least besides; a name with a hyphen in front
    is private to the file.
    """
    makers = _makers(script)
    if wars := _made_by(script.run_by(script.default), makers):
        return "", wars
    if not makers and "war.name" in script.properties:
        place = script.expand(script.properties.get("dist.dir", "dist"))
        made = script.expand(script.properties["war.name"])
        return "", (Evidence(f"{place}/{made}", f"war.name in {NETBEANS}"),)
    public = [name for name in script.targets if not name.startswith("-")]
    itself = [name for name in public if any(id(inside) in makers for inside in script.targets[name].element.iter())]
    runs = {name: script.run_by(name) for name in (itself or public)[:_MOST_TARGETS]}
    leading = {name: wars for name, tasks in runs.items() if (wars := _made_by(tasks, makers))}
    if not leading:
        return "", ()
    target = min(leading, key=lambda name: len(runs[name]))
    return target, leading[target]


def _makers(script: Script) -> dict[int, Evidence]:
    """The WAR that a task makes, by the task's identity."""
    found: dict[int, Evidence] = {}
    for task in script.tasks(*_MADE):
        for attribute in _MADE[task.element.tag]:
            path = join("", _UNKNOWN.sub("*", script.expand(task.element.get(attribute, ""))))
            if path.endswith(".war"):
                where = f"<{task.element.tag} {attribute}> in {task.path}"
                found[id(task.element)] = Evidence(path.removeprefix("/"), where)
    return found


def _made_by(tasks: Iterable[Task], makers: Mapping[int, Evidence]) -> tuple[Evidence, ...]:
    wars = [makers[id(task.element)] for task in tasks if id(task.element) in makers]
    return tuple({war.value: war for war in wars}.values())


def _levels(script: Script) -> Iterator[Evidence]:
    for task in script.tasks("javac"):
        for key in ("release", "target", "source"):
            if level := java_level(script.expand(task.element.get(key, ""))):
                yield Evidence(level, f"{key} of <javac> in {task.path}")
                break
    for key in _LEVELS:
        if level := java_level(script.expand(script.properties.get(key, ""))):
            yield Evidence(level, key)
            break
