"""An app's locations for a server that others wrote: complete in themselves, whatever that server says around them."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

from hookserver.config import AppSettings, Settings
from hookserver.nginx.text.access_log import ACCESS_LOG
from hookserver.nginx.text.cut_off import moved
from hookserver.nginx.text.servers import FAILURES, failed, flags, fresh, locations, proxying, small_body, to_app
from hookserver.nginx.text.syntax import block, name, quote
from hookserver.nginx.text.visitor import headers, real_address


def snippet_file(settings: Settings, app: str) -> Path:
    """The file with the app's locations, for an ``include``."""
    return settings.server.state.nginx / "snippets" / f"{app}.conf"


def snippet(settings: Settings, app: AppSettings, lacking: Set[str] = frozenset()) -> list[str]:
    """The lines to be included in a ``server`` block; the upstreams and maps that they name are in our own files.

    ``lacking``: modules that this Nginx was built without.
    """
    lines = []
    around = _around(settings, app, lacking)
    first = [*flags(settings.server.state, app), *to_app(app)]
    for location in locations(app.path):
        # Before the operator's regular expressions: a path's own .css and .js are the app's.
        modifier = "" if location.startswith("=") or app.path == "/" else "^~ "
        lines += block(f"location {modifier}{location}", [*around, *proxying(settings.nginx), *first])
    buffered = [line for line in proxying(settings.nginx) if "proxy_request_buffering" not in line]
    ways = {"small": small_body(app.name), "moved": moved(settings.server.state, app), "fresh": fresh(app.name)}
    for what, way in ways.items():
        # Of two lines for the same error, Nginx goes by the first.
        lines += block(f"location @{name(app.name, what)}", [*way, *around, *buffered])
    for status in FAILURES:
        lines += block(f"location @{name(app.name, str(status))}", failed(status))
    return lines


def _around(settings: Settings, app: AppSettings, lacking: Set[str]) -> list[str]:
    """What an operator's own settings for all of his servers must not change."""
    nginx = settings.nginx
    return [
        "uninitialized_variable_warn off;",
        "open_file_cache off;  # the flags must be looked at anew for each request",
        *(f"error_page {status} @{name(app.name, str(status))};" for status in FAILURES),
        f"access_log {quote(str(settings.server.state.nginx / ACCESS_LOG))} hs_json;",
        f"client_max_body_size {nginx.max_body};",
        "client_body_buffer_size 64k;",
        *real_address(nginx.trusted_proxies),
        "proxy_next_upstream_tries 0;",
        "proxy_intercept_errors off;",
        *([] if "http-cache" in lacking else ["proxy_cache off;"]),
        *headers(nginx.trusted_proxies),
    ]
