"""The lines that every location of an app shares, in a file of their own that each location includes."""

from __future__ import annotations

from collections.abc import Set

from hookserver.config import NginxSettings, Settings
from hookserver.nginx.text.access_log import ACCESS_LOG
from hookserver.nginx.text.error_pages import ERROR_PAGE
from hookserver.nginx.text.syntax import path, size, time
from hookserver.nginx.text.visitor import headers, real_address

_CONNECT = 0.25
# Long enough for all silent replicas; a read timeout (10 s or more) comes after it and is never repeated.
_RETRY_FOR = 8.0
_COMPRESSED = (
    *("application/javascript", "application/json", "application/manifest+json", "application/problem+json"),
    *(
        "application/rss+xml",
        "application/xml",
        "image/svg+xml",
        "text/css",
        "text/javascript",
        "text/plain",
        "text/xml",
    ),
)


def proxy_lines(settings: Settings, lacking: Set[str] = frozenset()) -> list[str]:
    """How a request goes to a replica, and what happens when one is missing.

    Nothing of it is left to the server around: an operator's may say otherwise. ``lacking``: modules that this Nginx
    was built without. Raises NginxError when a path cannot be written down.
    """
    nginx = settings.nginx
    return [
        "# The log, and the limits of a request.",
        f"access_log {path(settings.server.state.nginx, ACCESS_LOG)} hs_json;",
        f"client_max_body_size {size(nginx.max_body)};",
        "client_body_buffer_size 64k;",
        "# The flag is read from the disk for each request.",
        "open_file_cache off;",
        *real_address(nginx.trusted_proxies),
        "",
        "# The page of an app that is not there; an error after an error has it too.",
        ERROR_PAGE,
        "recursive_error_pages on;",
        "proxy_intercept_errors off;",
        "",
        "# What the app learns of its visitor. Empty headers are not sent, so nothing that a visitor claims passes.",
        *headers(nginx.trusted_proxies),
        "proxy_hide_header X-Request-Id;",
        "",
        *_connections(nginx),
        "",
        *_answers(lacking),
        *_gzip(nginx, lacking),
    ]


def _connections(nginx: NginxSettings) -> list[str]:
    """https://nginx.org/en/docs/http/ngx_http_proxy_module.html

    HTTP/1.1 and a Connection header of our own keep connections to replicas open. They are the default only since
    Nginx 1.29.7: https://nginx.org/en/CHANGES
    """
    return [
        "# Connections to replicas are kept open.",
        "proxy_http_version 1.1;",
        "proxy_socket_keepalive on;",
        # A missing replica does not refuse, it is silent. One that is there has a kernel, this host's, that answers at
        # once, even while its JVM stands still; a full queue would be asked again only after a second.
        "# A replica that is there accepts at once; one that is not is silent.",
        f"proxy_connect_timeout {time(_CONNECT)};",
        f"proxy_read_timeout {time(nginx.read_timeout)};",
        f"proxy_send_timeout {time(nginx.read_timeout)};",
        "# The next replica is tried after an error, except for what may be done already: a POST, say.",
        "proxy_next_upstream error timeout;",
        f"proxy_next_upstream_timeout {time(_RETRY_FOR)};",
        "proxy_next_upstream_tries 0;",
    ]


def _answers(lacking: Set[str]) -> list[str]:
    return [
        "# Answers come as the app wrote them, large ones through a file of at most 64 MB.",
        "proxy_redirect off;",
        *([] if "http-cache" in lacking else ["proxy_cache off;"]),
        "proxy_buffer_size 16k;",
        "proxy_buffers 8 16k;",
        "proxy_busy_buffers_size 32k;",
        "proxy_max_temp_file_size 64m;",
    ]


def _gzip(nginx: NginxSettings, lacking: Set[str]) -> list[str]:
    """text/html is always among the types, and what the app encoded itself is left as it is.

    https://nginx.org/en/docs/http/ngx_http_gzip_module.html
    """
    if "http_gzip_module" in lacking:
        return []
    if not nginx.gzip:
        return ["", "gzip off;"]
    return [
        "",
        "# Text is compressed, for visitors behind proxies too; not so small that it would gain nothing.",
        # BREACH: over TLS the length of a compressed page may give away a secret in it, such as a CSRF token, beside
        # text that an attacker chose. Spring Security masks its tokens: XorCsrfTokenRequestAttributeHandler.
        "# A page with a secret beside text of the visitor's own: see https://www.breachattack.com/, then nginx.gzip.",
        "gzip on;",
        "gzip_proxied any;",
        "gzip_vary on;",
        "gzip_min_length 1k;",
        f"gzip_types {' '.join(_COMPRESSED)};",
    ]
