"""Finds Tomcat's own files in a project: users, server, context, environment, drivers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hookserver.config.server_xml import obstacles
from hookserver.project.findings import Caution, Evidence
from hookserver.project.folder import Folder

# Tomcat ignores a tomcat-users.xml with another root element, without a message
_ROOTS = {"tomcat-users.xml": "tomcat-users", "server.xml": "Server", "context.xml": "Context"}
_DRIVER = re.compile(r"(?:^|/)(?:tomcat|catalina)[^/]*/(?:[^/]+/)*lib/([^/]+\.jar)$", re.IGNORECASE)
_LAYOUT = re.compile(
    r"(?:^|/)(?:conf|config|deploy|docker|etc|server|[^/]*(?:tomcat|catalina)[^/]*)/[^/]+$", re.IGNORECASE
)
_PLAIN = re.compile(r"[\w./-]+")
_PORT = "8080"


def find_tomcat_files(folder: Folder) -> tuple[tuple[Evidence, ...], tuple[Caution, ...]]:
    """The files for ``tomcat.files`` (value: the place below Tomcat's folder), and cautions about unsuitable files."""
    found: dict[str, Evidence] = {}
    problems: list[str] = []
    tomcats = [name.removesuffix("bin/catalina.sh") for name in folder.program_files("bin/catalina.sh")]
    if tomcats:
        problems.append(
            f"a whole Tomcat is in {tomcats[0] or 'the top folder'}: it is not used, since the image has its own; add "
            "the files that you changed in its conf, bin or lib to tomcat.files"
        )
    for place, path in _candidates(folder):
        if not _PLAIN.fullmatch(path) or any(path.startswith(top) for top in tomcats):
            continue
        if problem := _problem(folder, path):
            problems.append(f"{path} is not proposed for tomcat.files: {problem}")
        elif place in found:
            problems.append(f"{path} can be {place} too; {found[place].where} is used")
        else:
            found[place] = Evidence(place, path)
            root = folder.xml(path) if place == "conf/server.xml" else None
            problems += [f"{path}: {line}" for line in (obstacles(root, _PORT) if root is not None else ())]
    return tuple(found.values()), tuple(Caution("tomcat", problem) for problem in problems)


def _candidates(folder: Folder) -> Iterator[tuple[str, str]]:
    """Place and path. Files in ``META-INF`` and ``WEB-INF`` are part of the WAR."""
    for path in folder.program_files(*_ROOTS, "setenv.sh", ".jar"):
        name = path.rpartition("/")[2]
        if "META-INF/" in path or "WEB-INF/" in path:
            continue
        if name in _ROOTS and (_LAYOUT.search(path) or name == "tomcat-users.xml"):
            yield f"conf/{name}", path
        elif name == "setenv.sh":
            yield "bin/setenv.sh", path
        elif driver := _DRIVER.search(path):
            yield f"lib/{driver[1]}", path


def _problem(folder: Folder, path: str) -> str:
    expected = _ROOTS.get(path.rpartition("/")[2])
    if not expected:
        return ""
    root = folder.xml(path)
    if root is None:
        return "it is not valid XML"
    if root.tag != expected:
        return f"its root element is <{root.tag}>, but Tomcat reads <{expected}> and silently ignores anything else"
    ports = [connector.get("port", "") for connector in root.iter("Connector")]
    if expected == "Server" and _PORT not in ports:
        return f"it listens on {', '.join(ports) or 'no port'}, but hookserver connects to {_PORT}"
    return ""
