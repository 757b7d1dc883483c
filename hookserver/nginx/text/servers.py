"""The servers that both modes have: the apps of each domain, redirects, and the status server."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hookserver.config import AppSettings, Settings
from hookserver.nginx.text.state_checks import answer_state
from hookserver.nginx.text.syntax import block, path, quote
from hookserver.nginx.text.visitor import proto

READABLE_FLAG = ".readable"
"""A file that is always in the live folder. If Nginx finds it, Nginx can read the flags."""

STATUS_TYPE = "application/x-hookserver"
"""The content type of the status server's answers, which no other server gives."""


def app_servers(
    settings: Settings,
    locations: Callable[[AppSettings], list[str]],
    own: Sequence[str] = (),
    is_free: Callable[[str], bool] = lambda _: True,
) -> list[str]:
    """The servers of the apps' domains, and those of the names that are redirected to them.

    ``locations``: the lines of an app in its server. ``own``: more lines of each domain's server. ``is_free``: whether
    a name gets a server of ours. Raises NginxError when a path or name cannot be written to an Nginx configuration.
    """
    lines: list[str] = []
    for names, domains in by_domain(settings).items():
        if free := [domain for domain in domains if is_free(domain)]:
            server = _app_server(settings, [settings.apps[name] for name in names], free, locations, own)
            lines += ["", *block("server", server, f"The domains of {', '.join(names)}.")]
    for target, sources in redirects(settings).items():
        if free := [source for source in sources if is_free(source)]:
            lines += ["", *block("server", redirect(settings, target, free), f"Redirects to {target}.")]
    return lines


def _app_server(
    settings: Settings,
    apps: Sequence[AppSettings],
    domains: Sequence[str],
    locations: Callable[[AppSettings], list[str]],
    own: Sequence[str],
) -> list[str]:
    lines = [f"listen {address};" for address in settings.nginx.listen]
    lines += [f"server_name {' '.join(quote(domain) for domain in domains)};", *own]
    # In any order: Nginx takes the longest prefix, https://nginx.org/en/docs/http/ngx_http_core_module.html#location
    for app in apps:
        lines += locations(app)
    if not any(app.path == "/" for app in apps):
        lines += ["", "# No app is at the root.", "location / { return 404; }"]
    return lines


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
        answer = answer_state(settings.server.state, app)
        lines += ["", *block(f"location = /state/{app.name}", answer, f"The name of the traffic flag of {app.name}.")]
    readable = path(settings.server.state.live(READABLE_FLAG))
    return [
        *lines,
        "",
        "# The digest of this configuration.",
        f"location = /config {{ return 200 {digest}; }}",
        *block(
            "location = /flags",
            [f"if (-f {readable}) {{ return 200 readable; }}", "return 200 unreadable;"],
            "Whether this Nginx can read the traffic flags.",
        ),
        "location / { return 404; }",
    ]
