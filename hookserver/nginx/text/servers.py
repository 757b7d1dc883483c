"""The servers that both modes have: which apps answer at which domain, redirects, and our own questions."""

from __future__ import annotations

from collections.abc import Sequence

from hookserver.config import Settings
from hookserver.nginx.text.state_checks import answer_state
from hookserver.nginx.text.syntax import block, path, quote
from hookserver.nginx.text.visitor import proto

READABLE_FLAG = ".readable"
"""A file that is always in the live folder: Nginx shows by it whether it can read the flags at all."""

STATUS_TYPE = "application/x-hookserver"
"""The content type of the status server's answers, which no other server gives."""


def by_domain(settings: Settings) -> dict[tuple[str, ...], list[str]]:
    """Apps that answer together → the domains at which they do."""
    apps_of: dict[str, list[str]] = {}
    for app in settings.apps.values():
        for domain in dict.fromkeys(app.domains):
            apps_of.setdefault(domain, []).append(app.name)
    servers: dict[tuple[str, ...], list[str]] = {}
    for domain, apps in apps_of.items():
        servers.setdefault(tuple(apps), []).append(domain)
    return servers


def redirects(settings: Settings) -> dict[str, list[str]]:
    """The first domain of an app → the names that lead to it."""
    found: dict[str, list[str]] = {}
    for app in settings.apps.values():
        names = found.setdefault(app.domains[0], [])
        names += [name for name in app.redirects if name not in names]
    return {target: names for target, names in found.items() if names}


def redirect(settings: Settings, target: str, names: list[str]) -> list[str]:
    """A server that sends the visitors of ``names`` to ``target``: same scheme, port, path and query.

    Raises NginxError when a name cannot be written to an Nginx configuration.
    """
    return [
        *(f"listen {address};" for address in settings.nginx.listen),
        f"server_name {' '.join(quote(name) for name in names)};",
        f"return 301 {proto(settings.nginx.trusted_proxies)}://{target}$hs_host_port$request_uri;",
    ]


def status_server(settings: Settings, listens: Sequence[str], status_name: str, digest: str) -> list[str]:
    """The server that answers where each app's requests go, which text runs, and whether the flags can be read.

    ``status_name``: the host name by which we send our questions; nobody else knows it. ``digest``: the text's own.
    Raises NginxError when a path cannot be written to an Nginx configuration.
    """
    lines = [
        *(f"listen {one};" for one in listens),
        f"server_name {status_name};",
        "access_log off;",
        "open_file_cache off;",
        f"default_type {STATUS_TYPE};",
    ]
    for app in settings.apps.values():
        lines += ["", *block(f"location = /state/{app.name}", answer_state(settings.server.state, app))]
    readable = path(settings.server.state.live(READABLE_FLAG))
    return [
        *lines,
        "",
        f"location = /config {{ return 200 {digest}; }}",
        *block("location = /flags", [f"if (-f {readable}) {{ return 200 readable; }}", "return 200 unreadable;"]),
        "location / { return 404; }",
    ]
