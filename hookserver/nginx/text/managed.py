"""Settings → the text of the configuration of the managed instance. Pure: it reads and writes nothing.

The switch needs no reload: both slots of every app are in the text, and the name of a file chooses between them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

from hookserver.addresses import Endpoints
from hookserver.config import Settings
from hookserver.nginx.text.access_log import access_log
from hookserver.nginx.text.locations import app_locations
from hookserver.nginx.text.proxy import proxy_lines
from hookserver.nginx.text.servers import app_servers, status_server
from hookserver.nginx.text.syntax import block, time
from hookserver.nginx.text.tables import tables
from hookserver.nginx.text.upstreams import upstreams
from hookserver.nginx.text.visitor import real_address
from hookserver.nginx.text.web import web_server, web_tables

ERROR_LOG = "logs/error.log"
ERROR_LEVEL = "error"
PID_FILE = "nginx.pid"

# After a reload the old workers finish what they have; a WebSocket that never ends must not keep them for ever:
# https://nginx.org/en/docs/ngx_core_module.html#worker_shutdown_timeout
_OLD_WORKERS = 3600.0
_HTTP = "Every app: its replicas, its domains, and the maps that choose a replica."
DIGEST = "@digest@"
"""The place of a text's own digest, which is known only once the text is whole."""
WRITTEN = "# Written by hookserver from its settings; a change made here is lost."


@dataclass(frozen=True)
class ManagedText:
    """``conf``: the configuration; ``proxy``: the text of the file ``proxy_file`` that it includes.

    The file is named after its content, so that replacing the configuration replaces both.
    """

    conf: str
    proxy_file: str
    proxy: str


def render(
    settings: Settings,
    endpoints: Endpoints,
    status_name: str,
    worker_user: str = "",
    lacking: Set[str] = frozenset(),
) -> ManagedText:
    """The configuration of the managed instance; paths in it are relative to ``<state_dir>/nginx``.

    ``endpoints``: where all replicas of all apps answer. ``status_name`` is the host name by which
    Nginx is asked which slot is live. ``worker_user`` is ``"user group"``, empty when
    Nginx is not started as root. ``lacking``: modules that this Nginx was built without.
    Raises NginxError when a path or name cannot be written to an Nginx configuration.
    """
    proxy = "\n".join([WRITTEN, *proxy_lines(settings, lacking), ""])
    proxy_file = f"proxy-{hashlib.sha256(proxy.encode()).hexdigest()[:8]}.conf"
    http = _http(settings, endpoints, status_name, lacking, Path(proxy_file))
    text = "\n".join([*_main(settings, worker_user), "", *block("http", http, _HTTP), ""])
    return ManagedText(text.replace(DIGEST, hashlib.sha256(text.encode()).hexdigest()), proxy_file, proxy)


def digest(text: str) -> str:
    """The answer of an instance that runs ``text``, which ``render`` made."""
    _, _, rest = text.partition("location = /config { return 200 ")
    return rest.partition(";")[0]


def _main(settings: Settings, worker_user: str) -> list[str]:
    return [
        WRITTEN,
        *([f"user {worker_user};"] if worker_user else []),
        "worker_processes auto;",
        "worker_rlimit_nofile 16384;",
        # The expression that finds a session in a cookie is quicker when it is compiled:
        # https://nginx.org/en/docs/ngx_core_module.html#pcre_jit
        "pcre_jit on;",
        f"worker_shutdown_timeout {time(max(_OLD_WORKERS, settings.nginx.read_timeout))};",
        f"pid {PID_FILE};",
        f"error_log {ERROR_LOG} {ERROR_LEVEL};",
        "",
        *block("events", ["worker_connections 4096;"], "Of each worker, to visitors and to replicas."),
    ]


def _http(settings: Settings, endpoints: Endpoints, status_name: str, lacking: Set[str], proxy_file: Path) -> list[str]:
    lines = [*_defaults(settings, lacking), *tables(settings, endpoints), access_log(settings.server.state.nginx)]
    for app in settings.apps.values():
        lines += upstreams(app, endpoints[app.name], lacking)
    lines += web_tables(settings, lacking)
    lines += ["", *block("server", _default_server(settings), "Unknown names."), "", *web_server(settings)]
    lines += app_servers(settings, lambda app: app_locations(settings, app, proxy_file))
    status = status_server(settings, settings.nginx.listen, status_name, DIGEST)
    return [*lines, "", *block("server", status, "For hookserver's own questions.")]


def _defaults(settings: Settings, lacking: Set[str]) -> list[str]:
    backends = [kind for kind in ("fastcgi", "uwsgi", "scgi") if f"http_{kind}_module" not in lacking]
    return [
        "server_tokens off;",
        "default_type text/plain;",
        "keepalive_requests 10000;",
        "large_client_header_buffers 4 32k;",
        # Not in a location: it would take away the headers of the server around, such as an operator's HSTS:
        # https://nginx.org/en/docs/http/ngx_http_headers_module.html#add_header
        "add_header X-Request-Id $hs_request_id always;",
        *real_address(settings.nginx.trusted_proxies),
        "",
        "# Room for the names of many apps: https://nginx.org/en/docs/hash.html",
        "variables_hash_max_size 4096;",
        "variables_hash_bucket_size 128;",
        "map_hash_max_size 8192;",
        "map_hash_bucket_size 128;",
        "server_names_hash_max_size 8192;",
        "server_names_hash_bucket_size 512;",
        "",
        "# Nothing is written outside of this folder.",
        *(f"{kind}_temp_path temp/{kind};" for kind in ("client_body", "proxy", *backends)),
    ]


def _default_server(settings: Settings) -> list[str]:
    return [
        *(f"listen {address} default_server;" for address in settings.nginx.listen),
        "server_name _;",
        "return 404;",
    ]
