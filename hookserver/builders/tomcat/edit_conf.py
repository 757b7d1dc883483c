"""The edits of Tomcat's settings files that a replica behind Nginx needs: text in, text out.

Only missing attributes are added, so the app's own values stay. The one exception is the replica's route, by which
Nginx finds the replica of a session. Tomcat's stock access log and log files are removed: they would grow without limit
in a container, and Nginx's log and the console have the same lines. Everything else, such as ``autoDeploy``, stays.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Network
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, tostring

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from hookserver.builders.tomcat.library import AFFINITY, REQUEST_JOURNAL, SESSION_LISTENER
from hookserver.config.server_xml import obstacles

GRACE = 20_000
"""Milliseconds that requests in flight have to finish once Tomcat stops."""
KEEP_ALIVE = 60_000
"""Milliseconds that an idle connection stays open: longer than in Nginx, so Tomcat is never the first to close."""
BACKLOG = 1000
"""Connections that may wait until Tomcat accepts them: a switch sends all visitors' to a new replica at once."""
ROUTE = "hookserver.route"
"""The system property with a replica's route. Tomcat leaves a reference to an unset property as it is, harmlessly.

Source: "Property replacements", https://tomcat.apache.org/tomcat-10.1-doc/config/systemprops.html
"""

_STOCK_FILE_HANDLER = re.compile(
    r"\d(?:catalina|localhost|manager|host-manager)\.org\.apache\.juli\.(?:Async)?FileHandler"
)
_CONSOLE = "java.util.logging.ConsoleHandler"


@dataclass(frozen=True)
class Edited:
    """A file after the edits, and notes for the log."""

    text: str
    notes: tuple[str, ...] = ()


def edit_server_xml(text: str, subnet: IPv4Network, classes: Collection[str] = (), port: int = 8080) -> Edited:
    """Add a graceful stop, longer keep-alive, the replica's route, the visitor's address and scheme, and valves.

    ``subnet`` is the replicas' network: its first address is the host's, from which Nginx connects. ``classes`` are
    those of ours in Tomcat's lib.
    """
    root = _parse(text)
    if root is None:
        return _unchanged("server.xml", text)
    # Any program in the container can stop Tomcat through the default shutdown port; -1 disables it:
    # https://tomcat.apache.org/tomcat-10.1-doc/config/server.html
    if root.get("port") == "8005":
        root.set("port", "-1")
    connectors = [connector for connector in root.iter("Connector") if _speaks_http(connector)]
    # bindOnInit="false" frees the port at the stop, before requests end. maxKeepAliveRequests and acceptCount are 100
    # by default: https://tomcat.apache.org/tomcat-10.1-doc/config/http.html
    # Beyond acceptCount the kernel drops a connection's first packet, so that Nginx waits in vain: listen(2)
    for connector in connectors:
        _add(connector, bindOnInit="false", keepAliveTimeout=str(KEEP_ALIVE), maxKeepAliveRequests="-1")
        _add(connector, acceptCount=str(BACKLOG))
    # Applies only to connectors with bindOnInit="false": https://tomcat.apache.org/tomcat-8.5-doc/config/service.html
    for service in root.iter("Service"):
        _add(service, gracefulStopAwaitMillis=str(GRACE))
    notes = [note for engine in root.iter("Engine") for note in _edit_engine(root, engine, subnet, classes)]
    # By default a context counts as started although a servlet with load-on-startup failed:
    # https://tomcat.apache.org/tomcat-10.1-doc/config/host.html
    for host in root.iter("Host"):
        _add(host, failCtxIfServletStartFails="true")
        for valve in [valve for valve in host.iterfind("Valve") if _is_stock_access_log(valve)]:
            host.remove(valve)
    notes += [f"conf/server.xml: {line}" for line in obstacles(root, str(port))]
    if not any(connector.get("port") == str(port) for connector in connectors):
        notes.append(f"conf/server.xml has no HTTP connector on port {port}, to which hookserver connects")
    return Edited(_text(root), tuple(notes))


def edit_context_xml(text: str, classes: Collection[str] = ()) -> Edited:
    """Give servlets time to finish where ``gracefulStopAwaitMillis`` does not exist (Tomcat 7), with ``unloadDelay``.

    Source: https://tomcat.apache.org/tomcat-10.1-doc/config/context.html (2000 ms by default).

    ``classes`` are those of ours in Tomcat's lib: a listener installs the manager of shared sessions in each context.
    """
    root = _parse(text)
    if root is None:
        return _unchanged("context.xml", text)
    _add(root, unloadDelay=str(GRACE))
    if SESSION_LISTENER in classes:
        listener = Element("Listener", className=SESSION_LISTENER)
        listener.tail = "\n"
        root.insert(0, listener)
    return Edited(_text(root))


def edit_logging_properties(text: str) -> Edited:
    """Log everything to the console, also the host's log with the cause of a failed listener; drop the stock files.

    Source: https://tomcat.apache.org/tomcat-10.1-doc/logging.html
    """
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


def _unchanged(name: str, text: str) -> Edited:
    note = f"conf/{name} stays as it is, without hookserver's additions: it cannot be read, or uses XML entities"
    return Edited(text, (note,))


def _text(root: Element) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _add(element: Element, **attributes: str) -> None:
    for name, value in attributes.items():
        if name not in element.attrib:
            element.set(name, value)


def _edit_engine(root: Element, engine: Element, subnet: IPv4Network, classes: Collection[str]) -> list[str]:
    """Edit one engine; notes for the log."""
    ours, own = f"${{{ROUTE}}}", engine.get("jvmRoute")
    engine.set("jvmRoute", ours)
    if not any(valve.get("className", "").endswith(".RemoteIpValve") for valve in root.iter("Valve")):
        _insert_before_host(engine, _remote_ip_valve(subnet))
    if AFFINITY in classes:
        _insert_before_host(engine, Element("Valve", className=AFFINITY))
    if REQUEST_JOURNAL in classes:  # first: Tomcat calls valves in the order of the file, so none is called before
        _insert(engine, 0, Element("Valve", className=REQUEST_JOURNAL))
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
    """The valve that takes the visitor's address and scheme from Nginx's headers.

    https://tomcat.apache.org/tomcat-10.1-doc/config/valve.html#Remote_IP_Valve
    """
    # internalProxies is a regular expression. Its default trusts every private network, so also other containers.
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
    before = next((index for index, child in enumerate(children) if child.tag == "Host"), len(children))
    _insert(engine, before, valve)


def _insert(engine: Element, place: int, valve: Element) -> None:
    valve.tail = "\n\n      "
    engine.insert(place, valve)
