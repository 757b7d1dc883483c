"""The server at ``server.listen``: Nginx in front of the web process, which is made to stand behind a buffering proxy.

Nginx passes a request on when it has all of it, so that no slow, silent or endless sender occupies a thread there.
"""

from __future__ import annotations

import json
from collections.abc import Set

from hookserver.config import Settings
from hookserver.nginx.text.syntax import block, path, quote, table
from hookserver.nginx.text.visitor import real_address

CONNECTIONS = 128
"""Requests of one source at once; more are answered 429."""
LARGE_BODIES = 8
"""Requests with a body of more than a megabyte, or of unknown length, at once: the web process has them in memory."""
LARGE_BODIES_OF_A_SOURCE = 2
"""Those of one source, so that it cannot take all places."""
MAX_BODY = 25
"""Megabytes; GitHub's own limit: https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap"""
REFUSED_LOG = "logs/refused.log"
"""Below the instance's folder: the requests that Nginx itself refused, which `refusals` counts."""
_UPSTREAM = "hookserver_web"


def web_tables(settings: Settings, lacking: Set[str] = frozenset()) -> list[str]:
    """The lines in the ``http`` block: the web process, and what is counted of its callers.

    ``lacking``: modules that this Nginx was built without. Raises NginxError when the path of the socket cannot be
    written to an Nginx configuration.
    """
    socket = quote(f"unix:{settings.server.state.web_socket}")
    upstream = [f"server {socket} max_fails=0;"]
    if "http_upstream_keepalive_module" not in lacking:
        # Shorter than gunicorn keeps an idle one, so that no request meets a closed connection.
        upstream += ["keepalive 16;", "keepalive_timeout 30s;"]
    return [
        *table(
            'map "$http_transfer_encoding:$content_length" $hs_large_body',
            ["default large;", '"~^:[0-9]{0,6}$" "";'],
            "Whether a request to the web process has a body of a megabyte or more, or one of unknown length.",
        ),
        *table("map $hs_large_body $hs_large_body_source", ['default "";', "large $binary_remote_addr;"]),
        # An empty key is not counted: https://nginx.org/en/docs/http/ngx_http_limit_conn_module.html
        "limit_conn_zone $binary_remote_addr zone=hookserver_sources:2m;",
        "limit_conn_zone $hs_large_body zone=hookserver_large_bodies:64k;",
        "limit_conn_zone $hs_large_body_source zone=hookserver_large_bodies_of_a_source:1m;",
        "",
        *block(f"upstream {_UPSTREAM}", upstream, "The web process."),
        "log_format hs_refused '$remote_addr $status';",
    ]


def web_server(settings: Settings) -> list[str]:
    """The server itself, in the same block."""
    return block("server", _server(settings), "Webhooks and the API.")


def _server(settings: Settings) -> list[str]:
    return [
        f"listen {settings.server.listen};",
        "server_name _;",
        "access_log off;",
        "server_tokens off;",
        *real_address(settings.nginx.trusted_proxies),
        "",
        "# A sender that is silent for longer is disconnected.",
        "client_header_timeout 10s;",
        "client_body_timeout 10s;",
        "send_timeout 30s;",
        "keepalive_timeout 15s;",
        "large_client_header_buffers 4 16k;",
        "",
        f"client_max_body_size {MAX_BODY}m;",
        "client_body_buffer_size 64k;",
        f"limit_conn hookserver_sources {CONNECTIONS};",
        f"limit_conn hookserver_large_bodies {LARGE_BODIES};",
        f"limit_conn hookserver_large_bodies_of_a_source {LARGE_BODIES_OF_A_SOURCE};",
        "limit_conn_status 429;",
        "# Not a line for each request of a flood.",
        "limit_conn_log_level info;",
        "",
        "location / {",
        *(f"    {line}" for line in _proxy()),
        "}",
        *_answer(settings, "too_large", 413, f"The body is over {MAX_BODY} MB.", "Send a smaller one."),
        *_answer(settings, "too_many", 429, "Too many or too large requests at once.", "Wait 10 s."),
        *_answer(settings, "is_down", 503, "The web process does not answer.", "Send it again, or start hookserver."),
    ]


def _proxy() -> list[str]:
    return [
        f"proxy_pass http://{_UPSTREAM};",
        "proxy_http_version 1.1;",
        'proxy_set_header Connection "";',
        "proxy_set_header Host $host;",
        "# In place of what the sender claims.",
        "proxy_set_header X-Forwarded-For $remote_addr;",
        "proxy_request_buffering on;",
        "# A log that is followed says nothing while its build says nothing.",
        "proxy_read_timeout 24h;",
        "proxy_connect_timeout 5s;",
        "proxy_next_upstream off;",
        "proxy_intercept_errors off;",
        "error_page 413 = @hookserver_too_large;",
        "error_page 429 = @hookserver_too_many;",
        "error_page 502 504 = @hookserver_is_down;",
    ]


def _answer(settings: Settings, name: str, status: int, detail: str, remedy: str) -> list[str]:
    """A location that answers with a problem document (RFC 9457)."""
    document = json.dumps({"type": "about:blank", "status": status, "detail": detail, "remedy": remedy})
    lines = [
        f"access_log {path(settings.server.state.nginx, REFUSED_LOG)} hs_refused buffer=32k flush=1s;",
        "default_type application/problem+json;",
        "add_header Retry-After 10 always;",
        f"return {status} {quote(document)};",
    ]
    return ["", *block(f"location @hookserver_{name}", lines)]
