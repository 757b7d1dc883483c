"""What an Ant build needs that lies outside of the project, where a build in a container has nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hookserver.project.builds.ant_script import NETBEANS, Script
from hookserver.project.folder import Folder, join

_PATHS = ("path", "classpath")
_PLACES = ("location", "path", "dir")
_SEPARATOR = re.compile(r";|:(?![\\/])")
_ABSOLUTE = re.compile(r"/|[A-Za-z]:[\\/]|\$\{([^}]+)\}")
_ANTS_OWN = ("ant.", "ivy.", "java.home", "java.class.path")
_SHOWN = 5
_OF_ONE_MACHINE = ("j2ee.server.home", "libs.CopyLibs.classpath")
_NETBEANS_SCRIPT = "nbproject/build-impl.xml"


def notes_on_missing_files(folder: Folder, script: Script) -> Iterator[str]:
    """A sentence for each sort of thing that it needs."""
    outside = list(dict.fromkeys(_outside(script)))
    if outside:
        more = " …" if len(outside) > _SHOWN else ""
        yield (
            f"the classpath has {', '.join(outside[:_SHOWN])}{more}, outside this project, where a build has nothing: "
            "put the jars into the project, or mount their folder (build.volumes) and say where it is (-Dname=… in "
            "build.command, for env.NAME build.env)"
        )
    if NETBEANS in folder:
        text = folder.text(_NETBEANS_SCRIPT)
        lacking = [name for name in _OF_ONE_MACHINE if name in text or not text]
        if lacking:
            words = ", ".join(f'"-D{name}=…"' for name in lacking)
            yield (
                f"NetBeans tells {' and '.join(lacking)} in nbproject/private/private.properties, which is of one "
                "machine: mount a Tomcat (build.volumes), put NetBeans' copylibstask.jar into the project, and name "
                f'them: build.command = ["ant", "-noinput", {words}]'
            )


def _outside(script: Script) -> Iterator[str]:
    set_by_tasks = {element.get("property") for root in script.files.values() for element in root.iter()}
    told = [task.element.get("classpath", "") for task in script.tasks("javac")]
    for task in script.tasks(*_PATHS):
        told += [element.get(place, "") for element in (task.element, *task.element) for place in _PLACES]
    for made in (part.strip() for text in told for part in _SEPARATOR.split(script.expand(text))):
        absolute = _ABSOLUTE.match(made)
        unknown = (absolute and absolute[1]) or ""
        if unknown and (unknown in set_by_tasks or unknown.startswith(_ANTS_OWN)):
            continue
        if absolute or (made.strip("./") and not join("", made)):
            yield made
