"""Finds what in an app's own ``server.xml`` prevents that hookserver reaches the app.

hookserver connects to Tomcat's connector and puts the app into ``webapps``. An obstacle is reported and never changed,
since a volume or a script of the operator can belong to it. The attributes are those of
https://tomcat.apache.org/tomcat-10.1-doc/config/.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

_EVERYWHERE = ("", "0.0.0.0", "::", "[::]")  # noqa: S104


def obstacles(root: Element, port: str) -> tuple[str, ...]:
    """The obstacles in a ``Server``; ``port`` is where hookserver connects. Values from properties are not checked."""
    return (*_at_connectors(root, port), *(line for engine in root.iter("Engine") for line in _at_host(engine)))


def _at_connectors(root: Element, port: str) -> Iterator[str]:
    for connector in root.iter("Connector"):
        if connector.get("port") != port:
            continue
        address = connector.get("address", "")
        if address not in _EVERYWHERE and "${" not in address:
            yield (
                f'the connector on port {port} has address="{address}", which only the container itself can reach: '
                "remove the address"
            )
        if connector.get("SSLEnabled", "").lower() == "true":
            yield f'the connector on port {port} has SSLEnabled="true", but hookserver uses plain HTTP: remove it'


def _at_host(engine: Element) -> Iterator[str]:
    """The obstacles at the default host, which answers for all unknown domains."""
    name = engine.get("defaultHost", "localhost")
    for host in (host for host in engine.iterfind("Host") if host.get("name", "localhost").lower() == name.lower()):
        base = host.get("appBase", "webapps")
        if _last(base) != "webapps":
            yield f'the default Host has appBase="{base}", but the app is in webapps: set appBase="webapps"'
        if host.get("deployOnStartup", "").lower() == "false":
            yield 'the default Host has deployOnStartup="false": Tomcat starts without the app: remove it'
        for context in host.iterfind("Context"):
            folder = context.get("docBase", "ROOT")
            if context.get("path", "") in ("", "/") and _last(folder) not in ("ROOT", "ROOT.war"):
                yield f'<Context path="" docBase="{folder}"> replaces an app at /, which is in webapps/ROOT: remove it'


def _last(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]
