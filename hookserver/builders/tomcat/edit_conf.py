"""What a Tomcat behind hookserver needs in its own files, added by editing them: text in, text out.

Only what is not set is added, so an app's own choice wins, but for the replicas' route, by which Nginx knows where a
session is. What is taken away is what would grow without bound inside a container and is told elsewhere: Tomcat's stock
access log (Nginx writes one) and its stock log files (the console has the same lines). ``autoDeploy`` and everything
else stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Network
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from hookserver.builders.tomcat.library import BEGUN, CLUSTER, ELSEWHERE, LISTENER
from hookserver.config.server_xml import obstacles

GRACE = 20_000
"""Milliseconds that requests in flight have to finish once Tomcat was told to stop."""
KEEP_ALIVE = 60_000
"""Milliseconds an idle connection stays open: longer than Nginx keeps it: Tomcat is never the first to close."""
ROUTE = "hookserver.route"
"""The system property that names a replica. Unset, its reference stays in session ids as it is, which harms nothing."""

_STOCK_FILE_HANDLER = re.compile(
    r"\d(?:catalina|localhost|manager|host-manager)\.org\.apache\.juli\.(?:Async)?FileHandler"
)
_CONSOLE = "java.util.logging.ConsoleHandler"


@dataclass(frozen=True)
class Edited:
    """A file as it shall be, and what a person should know about it (lines for the log)."""

    text: str
    notes: tuple[str, ...] = ()


def edit_server_xml(text: str, subnet: IPv4Network, classes: Collection[str] = (), port: int = 8080) -> Edited:
    """Graceful stop, connections that outlive Nginx's, the replica's route, the visitor's address and scheme, sessions.

    ``subnet`` is the containers' network: its first address is the host's, from which Nginx connects. ``classes`` are
    those of ours in Tomcat's lib; an app's own cluster wins.
    Sources: Tomcat's configuration reference for Service, HTTP connector, Engine, Host, Remote IP Valve and Cluster.
    """
    root = _parse(text)
    if root is None:
        return _left_alone("server.xml", text)
    if root.get("port") == "8005":
        root.set("port", "-1")
    connectors = [connector for connector in root.iter("Connector") if _speaks_http(connector)]
    for connector in connectors:
        _add(connector, bindOnInit="false", keepAliveTimeout=str(KEEP_ALIVE), maxKeepAliveRequests="-1")
    for service in root.iter("Service"):
        _add(service, gracefulStopAwaitMillis=str(GRACE))
    notes = [note for engine in root.iter("Engine") for note in _edit_engine(root, engine, subnet, classes)]
    for host in root.iter("Host"):
        _add(host, failCtxIfServletStartFails="true")
        for valve in [valve for valve in host.iterfind("Valve") if _is_stock_access_log(valve)]:
            host.remove(valve)
    notes += [f"conf/server.xml: {line}" for line in obstacles(root, str(port))]
    if not any(connector.get("port") == str(port) for connector in connectors):
        notes.append(f"conf/server.xml has no HTTP connector on port {port}, where hookserver asks")
    return Edited(_text(root), tuple(notes))


def edit_context_xml(text: str, classes: Collection[str] = ()) -> Edited:
    """Servlets in use have time to finish where ``gracefulStopAwaitMillis`` does not exist (Tomcat 7).

    ``classes`` are those of ours in Tomcat's lib: one tells when an app's sessions are not replicated.
    """
    root = _parse(text)
    if root is None:
        return _left_alone("context.xml", text)
    _add(root, unloadDelay=str(GRACE))
    if LISTENER in classes:
        listener = Element("Listener", className=LISTENER)
        listener.tail = "\n"
        root.insert(0, listener)
    return Edited(_text(root))


def edit_logging_properties(text: str) -> Edited:
    """Everything that Tomcat tells goes to the console, the cause of a failed listener included; no stock files."""
    lines = _join_continued(text)
    return Edited("".join(f"{_with_console(line)}\n" for line in lines))


def _with_console(line: str) -> str:
    key, equals, value = line.partition("=")
    key = key.strip()
    if not equals or key.startswith(("#", "!")) or not (key == "handlers" or key.endswith(".handlers")):
        return line
    handlers = [handler.strip() for handler in value.split(",") if handler.strip()]
    kept = [handler for handler in handlers if not _STOCK_FILE_HANDLER.fullmatch(handler)]
    if _CONSOLE not in kept:
        kept.append(_CONSOLE)
    return f"{key} = {', '.join(kept)}"


def _join_continued(text: str) -> list[str]:
    return re.sub(r"\\\r?\n[ \t]*", "", text).splitlines()


def _parse(text: str) -> Element | None:
    parser = DefusedXMLParser(target=TreeBuilder(insert_comments=True, insert_pis=True))
    try:
        parser.feed(text.encode())
        root = parser.close()
        tostring(root)
    except (ParseError, DefusedXmlException, ValueError, RecursionError):
        return None
    return root if isinstance(root, Element) else None


def _left_alone(name: str, text: str) -> Edited:
    note = f"conf/{name} is left as it is: it cannot be read, or uses entities; what hookserver adds is missing in it"
    return Edited(text, (note,))


def _text(root: Element) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _add(element: Element, **attributes: str) -> None:
    for name, value in attributes.items():
        if name not in element.attrib:
            element.set(name, value)


def _edit_engine(root: Element, engine: Element, subnet: IPv4Network, classes: Collection[str]) -> list[str]:
    """Answers what a person should know."""
    ours, own = f"${{{ROUTE}}}", engine.get("jvmRoute")
    engine.set("jvmRoute", ours)
    if not any(valve.get("className", "").endswith(".RemoteIpValve") for valve in root.iter("Valve")):
        _insert_before_host(engine, _remote_ip_valve(subnet))
    if ELSEWHERE in classes:
        _insert_before_host(engine, Element("Valve", className=ELSEWHERE))
    if BEGUN in classes:  # before any valve that does something already
        _insert(engine, 0, Element("Valve", className=BEGUN))
    if CLUSTER in classes and root.find(".//Cluster") is None:
        _insert_before_host(engine, Element("Cluster", className=CLUSTER))
    if own in (None, ours):
        return []
    return [f'conf/server.xml: jvmRoute="{own}" is replaced: each replica has a route of its own, such as blue1']


def _speaks_http(connector: Element) -> bool:
    protocol = connector.get("protocol", "HTTP/1.1")
    return protocol.startswith("HTTP/") or ".http11." in protocol


def _is_stock_access_log(valve: Element) -> bool:
    stock = valve.get("prefix", "").rstrip(".") == "localhost_access_log" and valve.get("directory", "logs") == "logs"
    return stock and valve.get("className") == "org.apache.catalina.valves.AccessLogValve"


def _remote_ip_valve(subnet: IPv4Network) -> Element:
    host = str(subnet.network_address + 1).replace(".", "\\.")
    return Element(
        "Valve",
        className="org.apache.catalina.valves.RemoteIpValve",
        internalProxies=host,
        remoteIpHeader="X-Forwarded-For",
        protocolHeader="X-Forwarded-Proto",
        portHeader="X-Forwarded-Port",
    )


def _insert_before_host(engine: Element, valve: Element) -> None:
    children = list(engine)
    place = next((index for index, child in enumerate(children) if child.tag == "Host"), len(children))
    _insert(engine, place, valve)


def _insert(engine: Element, place: int, valve: Element) -> None:
    valve.tail = "\n\n      "
    engine.insert(place, valve)
