"""The lines that every location of an app shares, in a file of their own that each location includes."""

from __future__ import annotations

from collections.abc import Set

from hookserver.config import NginxSettings, Settings
from hookserver.nginx.text.access_log import access_log
from hookserver.nginx.text.error_pages import ERROR_PAGE
from hookserver.nginx.text.syntax import size, time
from hookserver.nginx.text.visitor import headers, real_address

_CONNECT = 0.25
# Long enough to try every replica. A read timeout (10 s or more) comes later, so Nginx never repeats such a request.
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
    """How a request goes to a replica, and what happens when a replica does not answer.

    All directives are here, none is inherited: an operator's server may have other values. ``lacking``: modules that
    this Nginx was built without. Raises NginxError when a path cannot be written to an Nginx configuration.
    """
    nginx = settings.nginx
    return [
        "# The log, and the limits of a request.",
        access_log(settings.server.state.nginx),
        f"client_max_body_size {size(nginx.max_body)};",
        "client_body_buffer_size 64k;",
        "# The flag is read from the disk for each request.",
        "open_file_cache off;",
        *real_address(nginx.trusted_proxies),
        "",
        "# The page of an app that does not answer, also after a second error.",
        ERROR_PAGE,
        "recursive_error_pages on;",
        "proxy_intercept_errors off;",
        "",
        "# The app's knowledge of its visitor. Each header replaces the visitor's own; an empty one is not sent.",
        *headers(nginx.trusted_proxies),
        "proxy_hide_header X-Request-Id;",
        "",
        *_connections(nginx),
        "",
        *_answers(lacking),
        *_gzip(nginx, lacking),
    ]


def _connections(nginx: NginxSettings) -> list[str]:
    """HTTP/1.1 and our own Connection header keep connections to replicas open. Before Nginx 1.29.7 the default is 1.0.

    https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_http_version
    """
    return [
        "# Connections to replicas are kept open.",
        "proxy_http_version 1.1;",
        "proxy_socket_keepalive on;",
        # Nobody answers at the address of a removed container. The kernel of this host accepts for a running one at
        # once, even while its JVM is paused. If its queue is full, the kernel tries again after 1 s: tcp(7), listen(2).
        "# A running replica accepts at once; the address of a removed one does not answer.",
        f"proxy_connect_timeout {time(_CONNECT)};",
        f"proxy_read_timeout {time(nginx.read_timeout)};",
        f"proxy_send_timeout {time(nginx.read_timeout)};",
        "# After an error the next replica gets the request, unless it may be done already (POST, LOCK, PATCH).",
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
    """text/html is always compressed; an answer that the app has encoded stays as it is.

    https://nginx.org/en/docs/http/ngx_http_gzip_module.html
    """
    if "http_gzip_module" in lacking:
        return []
    if not nginx.gzip:
        return ["", "gzip off;"]
    return [
        "",
        "# Text from 1 kB is compressed, also for visitors behind proxies.",
        # BREACH: over TLS the length of a compressed page may give away a secret in it, such as a CSRF token, beside
        # text that an attacker chose. Spring Security masks its tokens: XorCsrfTokenRequestAttributeHandler.
        "# If a page has a secret beside the visitor's own text, read https://www.breachattack.com/ and nginx.gzip.",
        "gzip on;",
        "gzip_proxied any;",
        "gzip_vary on;",
        "gzip_min_length 1k;",
        f"gzip_types {' '.join(_COMPRESSED)};",
    ]
