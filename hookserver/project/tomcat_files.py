"""Tomcat's own files that a project brings: users, server, context, environment, drivers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hookserver.config.server_xml import obstacles
from hookserver.project.findings import Caution, Evidence
from hookserver.project.folder import Folder

_ROOTS = {"tomcat-users.xml": "tomcat-users", "server.xml": "Server", "context.xml": "Context"}
_DRIVER = re.compile(r"(?:^|/)(?:tomcat|catalina)[^/]*/(?:[^/]+/)*lib/([^/]+\.jar)$", re.IGNORECASE)
_LAYOUT = re.compile(
    r"(?:^|/)(?:conf|config|deploy|docker|etc|server|[^/]*(?:tomcat|catalina)[^/]*)/[^/]+$", re.IGNORECASE
)
_PLAIN = re.compile(r"[\w./-]+")
_MOST_JARS = 10
_PORT = "8080"


def find_tomcat_files(folder: Folder) -> tuple[tuple[Evidence, ...], tuple[Caution, ...]]:
    """Files for ``tomcat.files``, by their place below Tomcat's folder; and what is odd about others of these names."""
    found: dict[str, Evidence] = {}
    odd: list[Caution] = []
    whole = [name.removesuffix("bin/catalina.sh") for name in folder.program_files("bin/catalina.sh")]
    if whole:
        odd.append(
            Caution(
                "tomcat",
                f"a whole Tomcat lies in {whole[0] or 'the top'}: it is not used, the image brings one; name in "
                "tomcat.files what was changed in its conf, bin or lib",
            )
        )
    for place, path in _candidates(folder):
        if not _PLAIN.fullmatch(path) or any(path.startswith(top) for top in whole):
            continue
        problem = _problem(folder, path)
        if problem:
            odd.append(Caution("tomcat", problem))
        elif place in found:
            odd.append(Caution("tomcat", f"{place} could be {path} too; {found[place].where} is taken"))
        else:
            found[place] = Evidence(place, path)
            odd += [Caution("tomcat", f"{path}: {line}") for line in _obstacles(folder, path)]
    return tuple(found.values()), tuple(odd)


def _candidates(folder: Folder) -> Iterator[tuple[str, str]]:
    """Place and path; what lies in ``META-INF`` or ``WEB-INF`` is the app's, and gets into its WAR."""
    jars = 0
    for path in folder.program_files(*_ROOTS, "setenv.sh", ".jar"):
        name = path.rpartition("/")[2]
        if "META-INF/" in path or "WEB-INF/" in path:
            continue
        if name in _ROOTS and (_LAYOUT.search(path) or name == "tomcat-users.xml"):
            yield f"conf/{name}", path
        elif name == "setenv.sh":
            yield "bin/setenv.sh", path
        elif (driver := _DRIVER.search(path)) and jars < _MOST_JARS:
            jars += 1
            yield f"lib/{driver[1]}", path


def _obstacles(folder: Folder, path: str) -> tuple[str, ...]:
    root = folder.xml(path) if path.endswith("server.xml") else None
    return obstacles(root, _PORT) if root is not None else ()


def _problem(folder: Folder, path: str) -> str:
    wanted = _ROOTS.get(path.rpartition("/")[2])
    if not wanted:
        return ""
    root = folder.xml(path)
    if root is None:
        return f"{path} is not proposed for tomcat.files: it is no XML that can be read"
    if root.tag != wanted:
        return (
            f"{path} is not proposed for tomcat.files: it begins with <{root.tag}>, Tomcat reads <{wanted}> and "
            "ignores anything else in silence"
        )
    ports = [connector.get("port", "") for connector in root.iter("Connector")]
    if wanted == "Server" and _PORT not in ports:
        return (
            f"{path} is not proposed for tomcat.files: it listens on {', '.join(ports) or 'no port'}, and hookserver "
            f"asks on {_PORT}"
        )
    return ""
