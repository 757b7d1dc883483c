"""Finds how a project uses sessions: where, with which classes, and with a session manager of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element

from hookserver.project.findings import Hits, SessionUse
from hookserver.project.folder import Folder
from hookserver.project.sessions.classes import find_unserializable

_STANDARD = "org.apache.catalina.session.StandardManager"


def find_session_use(folder: Folder, hits: Mapping[str, Hits], war_context: Element | None = None) -> SessionUse:
    """The findings about sessions. ``war_context`` is the ``META-INF/context.xml`` of the prebuilt WAR to deploy."""
    managers = [name for place, root in _configurations(folder, war_context) for name in _managers(root, place)]
    used = [str(hits[search]) for search in ("session", "session page") if hits[search]]
    return SessionUse(
        where=(used or managers or [""])[0],
        unserializable=(*find_unserializable(folder), *(hit.text for hit in hits["unserializable"].first)),
        manager=managers[0] if managers else "",
    )


def _configurations(folder: Folder, war_context: Element | None) -> Iterator[tuple[str, Element]]:
    """Place and root of each file in which Tomcat reads a session manager."""
    if war_context is not None:
        yield "the WAR's META-INF/context.xml", war_context
    for path in folder.program_files("context.xml", "server.xml"):
        if path.rpartition("/")[2] in ("context.xml", "server.xml") and (root := folder.xml(path)) is not None:
            yield path, root


def _managers(root: Element, place: str) -> Iterator[str]:
    # Without a className a <Manager> is the standard one: https://tomcat.apache.org/tomcat-10.1-doc/config/manager.html
    if root.tag not in ("Context", "Server"):
        return
    for manager in root.iter("Manager"):
        if (name := manager.get("className", _STANDARD)) != _STANDARD:
            yield f"{name.rpartition('.')[2]} in {place}"
    if root.find(".//Cluster") is not None:
        yield f"<Cluster> in {place}"
