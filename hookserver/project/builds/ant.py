"""Reads Ant projects: the ``build.xml``, its imports and its property files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from hookserver.project.builds.ant_notes import notes_on_missing_files
from hookserver.project.builds.ant_script import AntElement, Script, read_script
from hookserver.project.findings import Build, Dependency, Evidence
from hookserver.project.folder import Folder, join
from hookserver.project.java import java_level, sorted_levels

_JAR = re.compile(r"(.+?)(?:-(\d[\w.]*?))?\.jar")
_UNKNOWN = re.compile(r"[$@]\{[^}]*\}")
# warfile, jarfile and zipfile are the deprecated names of destfile: https://ant.apache.org/manual/Tasks/war.html
_WAR_TASKS = {"war": ("destfile", "warfile"), "jar": ("destfile", "jarfile"), "zip": ("destfile", "zipfile", "file")}
_MAX_TARGETS = 20
_LEVELS = ("javac.target", "javac.source", "ant.build.javac.target", "ant.build.javac.source")


def read_build(folder: Folder) -> Build | None:
    """The build of the ``build.xml`` at the top; None if there is none."""
    if "build.xml" not in folder:
        return None
    notes: list[str] = []
    script = read_script(folder, notes)
    if script is None:
        return Build("ant", "build.xml")
    target, wars = _target_for_war(script)
    notes += notes_on_missing_files(folder, script)
    if not wars:
        notes.append("no target of build.xml runs a <war destfile=…>, so the build probably makes no WAR")
    name = script.files["build.xml"].get("name")
    without = f"the default target {script.default} makes no WAR" if script.default else "there is no default target"
    return Build(
        kind="ant",
        description=f"build.xml, default target {script.default or 'not named'}",
        wars=wars,
        name=Evidence(name, "the project's name in build.xml") if name else None,
        dependencies=tuple(libraries(folder)),
        java=sorted_levels(_java_levels(script)),
        arguments=(target,) if target else (),
        command_reason=f"{without}, the target {target} does" if target else "",
        notes=tuple(notes),
    )


def libraries(folder: Folder) -> Iterator[Dependency]:
    """The ``*.jar`` files in the project, by their names. Only those in ``WEB-INF/lib`` are shipped."""
    for name in folder.program_files(".jar"):
        match = _JAR.fullmatch(name.rpartition("/")[2])
        if match and "wrapper" not in name:
            scope = "" if "WEB-INF/lib/" in name else "provided"
            yield Dependency("", match[1], match[2] or "", name, scope)


def _target_for_war(script: Script) -> tuple[str, tuple[Evidence, ...]]:
    """The target to run (empty: the default one), and the WARs that it makes.

    A target that makes a WAR itself is preferred, then one that runs few tasks. Ant refuses a target that begins with
    a hyphen on the command line (https://ant.apache.org/manual/targets.html).
    """
    makers = _makers(script)
    if wars := _made_by(script.run_by(script.default), makers):
        return "", wars
    public = [name for name in script.targets if not name.startswith("-")]
    direct = [name for name in public if any(id(inner) in makers for inner in script.targets[name].element.iter())]
    runs = {name: script.run_by(name) for name in (direct or public)[:_MAX_TARGETS]}
    found = {name: wars for name, tasks in runs.items() if (wars := _made_by(tasks, makers))}
    if not found:
        return "", ()
    target = min(found, key=lambda name: len(runs[name]))
    return target, found[target]


def _makers(script: Script) -> dict[int, Evidence]:
    """The WAR of each task that makes one, by the task's identity."""
    found: dict[int, Evidence] = {}
    for task in script.tasks(*_WAR_TASKS):
        for attribute in _WAR_TASKS[task.element.tag]:
            path = join("", _UNKNOWN.sub("*", script.expand(task.element.get(attribute, ""))))
            if path.endswith(".war"):
                where = f"<{task.element.tag} {attribute}> in {task.path}"
                found[id(task.element)] = Evidence(path.removeprefix("/"), where)
    return found


def _made_by(tasks: Iterable[AntElement], makers: Mapping[int, Evidence]) -> tuple[Evidence, ...]:
    wars = [makers[id(task.element)] for task in tasks if id(task.element) in makers]
    return tuple({war.value: war for war in wars}.values())


def _java_levels(script: Script) -> Iterator[Evidence]:
    for task in script.tasks("javac"):
        for key in ("release", "target", "source"):
            if level := java_level(script.expand(task.element.get(key, ""))):
                yield Evidence(level, f"{key} of <javac> in {task.path}")
                break
    for key in _LEVELS:
        if level := java_level(script.expand(script.properties.get(key, ""))):
            yield Evidence(level, key)
            break
