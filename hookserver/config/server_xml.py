"""What in an app's own ``server.xml`` keeps hookserver, which asks its connector and lays the app in ``webapps``, away.

It is told and never altered: an app's own choice wins, and may go with a volume or a script that nobody sees here.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

_EVERYWHERE = ("", "0.0.0.0", "::", "[::]")  # noqa: S104


def obstacles(root: Element, port: str) -> tuple[str, ...]:
    """Lines about a ``Server``; ``port`` is where hookserver asks. What is set by a property is not judged."""
    return (*_at_connectors(root, port), *(line for engine in root.iter("Engine") for line in _at_host(engine)))


def _at_connectors(root: Element, port: str) -> Iterator[str]:
    for connector in root.iter("Connector"):
        if connector.get("port") != port:
            continue
        address = connector.get("address", "")
        if address not in _EVERYWHERE and "${" not in address:
            yield (
                f'the connector on port {port} has address="{address}", where nothing outside the container reaches '
                "it: take the address out"
            )
        if connector.get("SSLEnabled", "").lower() == "true":
            yield f'the connector on port {port} has SSLEnabled="true", and hookserver speaks plain HTTP with it'


def _at_host(engine: Element) -> Iterator[str]:
    """Of the host that answers for every domain it does not know."""
    name = engine.get("defaultHost", "localhost")
    for host in (host for host in engine.iterfind("Host") if host.get("name", "localhost").lower() == name.lower()):
        base = host.get("appBase", "webapps")
        if _last(base) != "webapps":
            yield f'the default Host has appBase="{base}", and the app lies in webapps: nothing serves it'
        if host.get("deployOnStartup", "").lower() == "false":
            yield 'the default Host has deployOnStartup="false": Tomcat starts without the app'
        for context in host.iterfind("Context"):
            folder = context.get("docBase", "ROOT")
            if context.get("path", "") in ("", "/") and _last(folder) not in ("ROOT", "ROOT.war"):
                yield f'<Context path="" docBase="{folder}"> takes the place of an app at /, which lies in webapps/ROOT'


def _last(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]
