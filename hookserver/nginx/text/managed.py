"""Settings → the text of Nginx's configuration file. Pure: it reads and writes nothing.

The switch needs no reload: both slots of every app are in the text, and two flag files choose between them (design §4).
"""

from __future__ import annotations

import hashlib
from collections.abc import Set

from hookserver.addresses import Endpoints
from hookserver.config import AppSettings, Settings
from hookserver.nginx.text import cut_off
from hookserver.nginx.text.access_log import ACCESS_LOG, log_format
from hookserver.nginx.text.servers import (
    FAILURES,
    NO_APP,
    bodies,
    by_domain,
    failed,
    flags,
    fresh,
    locations,
    page,
    proxying,
    redirect,
    redirects,
    small_body,
    status_server,
    to_app,
)
from hookserver.nginx.text.syntax import block, milliseconds, name, quote
from hookserver.nginx.text.upstreams import replicas, routes, upstreams
from hookserver.nginx.text.visitor import visitor

ERROR_LOG = "logs/error.log"
PID_FILE = "nginx.pid"

# After a reload the old workers finish what they have; a WebSocket that never ends must not keep them for ever.
_OLD_WORKERS = 3600.0
DIGEST = "@digest@"
"""Stands in a text for what is known of it only once it is written."""


def render(
    settings: Settings,
    endpoints: Endpoints,
    status_name: str,
    worker_user: str = "",
    lacking: Set[str] = frozenset(),
) -> str:
    """The configuration of the managed instance; paths in it are relative to ``<state_dir>/nginx``.

    ``endpoints``: where all replicas of all apps answer. ``status_name`` is the host name by which
    Nginx is asked which slot is live. ``worker_user`` is ``"user group"``, empty when
    Nginx is not started as root. ``lacking``: modules that this Nginx was built without.
    Raises NginxError when a path or name cannot be written down in an Nginx file.
    """
    lines = [*_main(settings, worker_user), *block("http", _http(settings, endpoints, status_name, lacking))]
    text = "\n".join(lines) + "\n"
    return text.replace(DIGEST, hashlib.sha256(text.encode()).hexdigest())


def digest(text: str) -> str:
    """What the running instance answers when ``text``, made by ``render``, is what it runs."""
    _, _, rest = text.partition("location = /config { return 200 ")
    return rest.partition(";")[0]


def _main(settings: Settings, worker_user: str) -> list[str]:
    return [
        "# Written by hookserver from its settings; a change made here is lost.",
        *([f"user {worker_user};"] if worker_user else []),
        "worker_processes auto;",
        "worker_rlimit_nofile 16384;",
        f"worker_shutdown_timeout {milliseconds(max(_OLD_WORKERS, settings.nginx.read_timeout))};",
        f"pid {PID_FILE};",
        f"error_log {ERROR_LOG} error;",
        *block("events", ["worker_connections 4096;"]),
    ]


def _http(settings: Settings, endpoints: Endpoints, status_name: str, lacking: Set[str]) -> list[str]:
    lines = [
        *_defaults(settings, lacking),
        "",
        *visitor(settings.nginx.trusted_proxies),
        "",
        *log_format(replicas(endpoints)),
        f"access_log {ACCESS_LOG} hs_json;",
        "",
        *routes(),
    ]
    for app in settings.apps.values():
        lines += ["", f"# {app.name}", *upstreams(app, endpoints[app.name], lacking)]
    lines += ["", *block("server", _default_server(settings))]
    for apps, domains in by_domain(settings).items():
        members = [settings.apps[app] for app in apps]
        lines += ["", *block("server", _server(settings, members, domains))]
    for target, names in redirects(settings).items():
        lines += ["", *block("server", redirect(settings, target, names))]
    return [*lines, "", *block("server", status_server(settings, settings.nginx.listen, status_name, DIGEST))]


def _defaults(settings: Settings, lacking: Set[str]) -> list[str]:
    nginx = settings.nginx
    backends = [kind for kind in ("fastcgi", "uwsgi", "scgi") if f"http_{kind}_module" not in lacking]
    return [
        "server_tokens off;",
        "default_type text/plain;",
        "open_file_cache off;  # the flags must be looked at anew for each request",
        "uninitialized_variable_warn off;",
        "variables_hash_max_size 4096;",
        "variables_hash_bucket_size 128;",
        "map_hash_bucket_size 128;",
        "map_hash_max_size 8192;",
        "server_names_hash_max_size 8192;",
        "server_names_hash_bucket_size 512;",
        *(f"{kind}_temp_path temp/{kind};" for kind in ("client_body", "proxy", *backends)),
        "keepalive_requests 10000;",
        "large_client_header_buffers 4 32k;",
        f"client_max_body_size {nginx.max_body};",
        "client_body_buffer_size 64k;",
        "",
        *proxying(nginx),
        *bodies(),
        *cut_off.maps(),
        *page(),
    ]


def _default_server(settings: Settings) -> list[str]:
    listens = [f"listen {address} default_server;" for address in settings.nginx.listen]
    return [*listens, "server_name _;", *NO_APP, "return 404;"]


def _server(settings: Settings, apps: list[AppSettings], domains: list[str]) -> list[str]:
    lines = [f"listen {address};" for address in settings.nginx.listen]
    lines += [f"server_name {' '.join(quote(domain) for domain in domains)};"]
    for app in apps:
        lines += flags(settings.server.state, app)
    for app in sorted(apps, key=lambda app: len(app.path), reverse=True):
        for location in locations(app.path):
            pages = [f"error_page {status} @hs_{status};" for status in FAILURES]
            lines += block(f"location {location}", [*to_app(app), *pages])
        lines += block(f"location @{name(app.name, 'small')}", small_body(app.name))
        lines += block(f"location @{name(app.name, 'moved')}", cut_off.moved(settings.server.state, app))
        lines += block(f"location @{name(app.name, 'fresh')}", fresh(app.name))
    if not any(app.path == "/" for app in apps):
        lines += ["location / { return 404; }"]
    for status in FAILURES:
        lines += [f"error_page {status} @hs_{status};", *block(f"location @hs_{status}", failed(status))]
    return lines
