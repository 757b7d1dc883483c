"""Finds the files outside the project that an Ant build needs: a build in a container does not have them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hookserver.project.builds.ant_script import Script
from hookserver.project.folder import Folder, join

_PATHS = ("path", "classpath")
_LOCATIONS = ("location", "path", "dir")
_SEPARATOR = re.compile(r";|:(?![\\/])")
_ABSOLUTE = re.compile(r"/|[A-Za-z]:[\\/]|\$\{([^}]+)\}")
_SET_BY_ANT = ("ant.", "ivy.", "java.home", "java.class.path")
_MAX_PATHS = 5
_NETBEANS_PROPERTIES = ("j2ee.server.home", "libs.CopyLibs.classpath")
_NETBEANS_SCRIPT = "nbproject/build-impl.xml"


def notes_on_missing_files(folder: Folder, script: Script) -> Iterator[str]:
    """A note for each group of missing files, with the ways to add them."""
    outside = list(dict.fromkeys(_outside_paths(script)))
    if outside:
        more = " …" if len(outside) > _MAX_PATHS else ""
        yield (
            f"the classpath has {', '.join(outside[:_MAX_PATHS])}{more}, outside this project, which a build in a "
            "container does not have: add the jars to the project, or mount their folder (build.volumes) and set its "
            "place (-Dname=… in build.command; build.env for env.NAME)"
        )
    missing = [name for name in _NETBEANS_PROPERTIES if name in folder.text(_NETBEANS_SCRIPT)]
    if missing:
        options = ", ".join(f'"-D{name}=…"' for name in missing)
        yield (
            f"NetBeans has {' and '.join(missing)} in nbproject/private/private.properties, which is not in the "
            "repository: mount a Tomcat (build.volumes), add NetBeans' copylibstask.jar to the project, and set "
            f'build.command = ["ant", "-noinput", {options}]'
        )


def _outside_paths(script: Script) -> Iterator[str]:
    set_by_tasks = {element.get("property") for root in script.files.values() for element in root.iter()}
    texts = [task.element.get("classpath", "") for task in script.tasks("javac")]
    for task in script.tasks(*_PATHS):
        texts += [element.get(key, "") for element in (task.element, *task.element) for key in _LOCATIONS]
    for path in (part.strip() for text in texts for part in _SEPARATOR.split(script.expand(text))):
        absolute = _ABSOLUTE.match(path)
        unknown = (absolute and absolute[1]) or ""
        if unknown and (unknown in set_by_tasks or unknown.startswith(_SET_BY_ANT)):
            continue
        if absolute or (path.strip("./") and not join("", path)):
            yield path
