"""Settings → the text of Nginx's configuration file. Pure: it reads and writes nothing.

The switch needs no reload: both slots of every app are in the text, and two flag files choose between them (design §4).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from hookserver.addresses import endpoints
from hookserver.config import AppSettings, Settings
from hookserver.models import Endpoint, Slot
from hookserver.nginx.access_log import access_log
from hookserver.nginx.syntax import block, milliseconds, name, quote
from hookserver.nginx.upstreams import routes, upstreams
from hookserver.nginx.visitor import visitor

STATUS_SOCKET = "status/socket"
"""Below the instance's folder: where Nginx answers which slot is live."""
ERROR_LOG = "logs/error.log"
PID_FILE = "nginx.pid"
READABLE_FLAG = ".readable"
"""A file that is always in the live folder: Nginx tells by it whether it can read the flags at all."""

# Seven silent replicas cost a second each; a read timeout (10 s or more) comes after it and is never repeated.
_RETRY_FOR = 8.0
# After a reload the old workers finish what they have; a WebSocket that never ends must not keep them for ever.
_OLD_WORKERS = 3600.0
_DIGEST = "@digest@"
_PAGE = (
    "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<title>Back in a moment</title>"
    "<style>body{font:1.1rem/1.6 system-ui,sans-serif;max-width:34rem;margin:18vh auto;padding:0 1rem}</style>"
    "<h1>Back in a moment</h1><p>This page cannot be shown right now. Please try again in a few seconds.</p>"
)


def render(settings: Settings, numbers: Mapping[str, int], worker_user: str = "") -> str:
    """The configuration of the managed instance; paths in it are relative to ``<state_dir>/nginx``.

    ``numbers`` has every app's lasting place on the container network. ``worker_user`` is ``"user group"``, empty when
    Nginx is not started as root. Raises NginxError when a path or name cannot be written down in an Nginx file.
    """
    slots = {app.name: _slots(settings, app, numbers[app.name]) for app in settings.apps.values()}
    lines = [*_main(settings, worker_user), *block("http", _http(settings, slots))]
    text = "\n".join(lines) + "\n"
    return text.replace(_DIGEST, hashlib.sha256(text.encode()).hexdigest())


def digest(text: str) -> str:
    """What the running instance answers when ``text``, made by ``render``, is what it runs."""
    _, _, rest = text.partition("location = /config { return 200 ")
    return rest.partition(";")[0]


def _slots(settings: Settings, app: AppSettings, number: int) -> dict[Slot, list[Endpoint]]:
    return {slot: endpoints(settings.docker, app, number, slot) for slot in Slot}


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


def _http(settings: Settings, slots: Mapping[str, Mapping[Slot, list[Endpoint]]]) -> list[str]:
    replicas = [replica for slot in slots.values() for found in slot.values() for replica in found]
    lines = [
        *_defaults(settings),
        "",
        *visitor(settings.nginx.trusted_proxies),
        "",
        *access_log(replicas),
        "",
        *routes(),
    ]
    for app in settings.apps.values():
        lines += ["", f"# {app.name}", *upstreams(app, slots[app.name])]
    lines += ["", *block("server", _default_server(settings))]
    for apps, domains in _by_domain(settings).items():
        members = [settings.apps[app] for app in apps]
        lines += ["", *block("server", _server(settings, members, domains))]
    return [*lines, "", *block("server", _status_server(settings))]


def _defaults(settings: Settings) -> list[str]:
    nginx = settings.nginx
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
        *(f"{kind}_temp_path temp/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")),
        "keepalive_requests 10000;",
        "large_client_header_buffers 4 32k;",
        f"client_max_body_size {nginx.max_body};",
        "client_body_buffer_size 64k;",
        "",
        "proxy_http_version 1.1;",
        "proxy_request_buffering off;  # else a slow upload holds no connection, looks drained, and ends in a 502",
        "proxy_connect_timeout 1s;     # a missing replica does not refuse, it is silent",
        f"proxy_read_timeout {milliseconds(nginx.read_timeout)};",
        f"proxy_send_timeout {milliseconds(nginx.read_timeout)};",
        "proxy_next_upstream error timeout;",
        f"proxy_next_upstream_timeout {milliseconds(_RETRY_FOR)};",
        "proxy_socket_keepalive on;",
        "proxy_redirect off;",
        "proxy_buffer_size 16k;",
        "proxy_buffers 8 16k;",
        "proxy_busy_buffers_size 32k;",
        "proxy_max_temp_file_size 64m;",
        *block("map $host $hs_page", [f"default {quote(_PAGE)};"]),
    ]


def _by_domain(settings: Settings) -> dict[tuple[str, ...], list[str]]:
    """Apps that answer together → the domains at which they do."""
    apps_of: dict[str, list[str]] = {}
    for app in settings.apps.values():
        for domain in dict.fromkeys(app.domains):
            apps_of.setdefault(domain, []).append(app.name)
    servers: dict[tuple[str, ...], list[str]] = {}
    for domain, apps in apps_of.items():
        servers.setdefault(tuple(apps), []).append(domain)
    return servers


def _default_server(settings: Settings) -> list[str]:
    listens = [f"listen {address} default_server;" for address in settings.nginx.listen]
    return [*listens, "server_name _;", 'set $hs_app "";', 'set $hs_slot "";', "return 404;"]


def _server(settings: Settings, apps: list[AppSettings], domains: list[str]) -> list[str]:
    lines = [f"listen {address};" for address in settings.nginx.listen]
    lines += [f"server_name {' '.join(quote(domain) for domain in domains)};"]
    for app in apps:
        lines += _flags(settings.server.state.live(app.name), app.name)
    for app in sorted(apps, key=lambda app: len(app.path), reverse=True):
        for location in _locations(app.path):
            lines += block(f"location {location}", _to_app(app.name))
    if not any(app.path == "/" for app in apps):
        lines += ["location / { return 404; }"]
    for status in (502, 503, 504):
        lines += [f"error_page {status} @hs_{status};", *block(f"location @hs_{status}", _failed(status))]
    return lines


def _flags(live: Path, app: str) -> list[str]:
    """``up`` is looked at first: a first deploy lays ``green`` before ``up``, so it is never taken for blue."""
    up, slot = name(app, "up"), name(app, "slot")
    return [
        f"set ${up} no;",
        f"if (-f {quote(str(live / 'up'))}) {{ set ${up} yes; }}",
        f"set ${slot} blue;",
        f"if (-f {quote(str(live / 'green'))}) {{ set ${slot} green; }}",
    ]


def _locations(path: str) -> list[str]:
    """``/shop`` is not ``/shopping``, but it is ``/shop;jsessionid=…``."""
    return ["/"] if path == "/" else [f"= {quote(path)}", quote(f"{path}/"), quote(f"{path};")]


def _to_app(app: str) -> list[str]:
    return [
        f"set $hs_app {app};",
        f"if (${name(app, 'up')} = no) {{ return 503; }}",
        f"set $hs_slot ${name(app, 'slot')};",
        f"proxy_pass http://${name(app, 'upstream')};",
    ]


def _failed(status: int) -> list[str]:
    return [
        'default_type "text/html; charset=utf-8";',
        "add_header X-Request-Id $request_id always;",
        "add_header Retry-After 5 always;",
        "add_header Cache-Control no-store always;",
        f"return {status} $hs_page;",
    ]


def _status_server(settings: Settings) -> list[str]:
    state = settings.server.state
    lines = [f"listen {quote(f'unix:{state.nginx / STATUS_SOCKET}')};", "access_log off;"]
    for app in settings.apps:
        lines += _flags(state.live(app), app)
        answer = [f"if (${name(app, 'up')} = no) {{ return 200 none; }}", f"return 200 ${name(app, 'slot')};"]
        lines += block(f"location = /slot/{app}", answer)
    readable = quote(str(state.live(READABLE_FLAG)))
    return [
        *lines,
        f"location = /config {{ return 200 {_DIGEST}; }}",
        *block("location = /flags", [f"if (-f {readable}) {{ return 200 readable; }}", "return 200 unreadable;"]),
        "location / { return 404; }",
    ]
