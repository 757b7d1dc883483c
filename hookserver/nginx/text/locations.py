"""An app's locations: the same in the managed instance and in an operator's own server.

A request takes ``/``, or the app's path. From there Nginx sends it on: to ``upload`` with a large body, to ``moved``
when a replica did not answer, to ``standby`` when its session is there, and to ``fresh`` when that has ended.
"""

from __future__ import annotations

from pathlib import Path

from hookserver.config import AppSettings, Settings
from hookserver.nginx.text.cut_off import moved
from hookserver.nginx.text.error_pages import error_page_location
from hookserver.nginx.text.state_checks import choose_slot
from hookserver.nginx.text.syntax import block, name, named_location, quote, table


def app_locations(settings: Settings, app: AppSettings, proxy_file: Path) -> list[str]:
    """The app's locations. ``proxy_file`` has the lines that all share; it is absolute, or beside the configuration.

    Raises NginxError when a path or name cannot be written to an Nginx configuration.
    """
    include = f"include {quote(str(proxy_file))};"
    state = settings.server.state
    way = [*choose_slot(state, app), f"proxy_pass http://${name(app.name, 'upstream')};"]
    proxied = _to_app(app, include, way)
    lines: list[str] = []
    for location in paths(app.path):
        # Before the operator's regular expressions: a path's own .css and .js are the app's:
        # https://nginx.org/en/docs/http/ngx_http_core_module.html#location
        modifier = "" if location.startswith("=") or app.path == "/" else "^~ "
        comment = "" if lines else f"The requests of {app.name}."
        lines += ["", *block(f"location {modifier}{location}", proxied, comment)]
    lines += ["", *block(f"location {named_location(app.name, 'upload')}", _upload(include, way), _UPLOAD)]
    lines += [
        "",
        *block(f"location {named_location(app.name, 'moved')}", [include, _NO_REDIRECT, *moved(state, app)], _MOVED),
    ]
    if app.release.sessions == "sticky":
        lines += ["", *block(f"location {named_location(app.name, 'standby')}", _standby(app, include), _STANDBY)]
        lines += ["", *block(f"location {named_location(app.name, 'fresh')}", _fresh(app, include), _FRESH)]
    return [*lines, *error_page_location(settings, app)]


def paths(prefix: str) -> list[str]:
    """The locations of a prefix: ``/shop`` has ``/shop;jsessionid=…``, but not ``/shopping``."""
    return ["/"] if prefix == "/" else [f"= {quote(prefix)}", quote(f"{prefix}/"), quote(f"{prefix};")]


def bodies() -> list[str]:
    """``$hs_streams``: whether the request has a body that may be too large for Nginx's memory.

    See ``client_body_buffer_size``. A request without a length is known by its method.
    """
    without_body = [f'{method}: "";' for method in ("GET", "HEAD", "OPTIONS", "DELETE")]
    return table(
        'map "$request_method:$content_length" $hs_streams',
        ["default 1;", *without_body, '"~:(?:[0-9]{1,4}|[1-5][0-9]{4})$" "";'],
        "Whether a request's body may not fit in client_body_buffer_size.",
    )


def ways_out() -> list[str]:
    """``$hs_elsewhere``: the location for a request to the sticky standby, if its session proves to have ended."""
    fresh = "@hs-$hs_app-fresh"
    states = [
        'default "";',
        "green-sticky-blue $hs_elsewhere_from_blue;",
        "blue-sticky-green $hs_elsewhere_from_green;",
    ]
    return [
        *table(
            "map $hs_state $hs_elsewhere",
            states,
            "The location to which the sticky standby sends a request without a valid session (X-Accel-Redirect).",
        ),
        *table("map $hs_route $hs_elsewhere_from_blue", ['default "";', f"~^blue {fresh};"]),
        *table("map $hs_route $hs_elsewhere_from_green", ['default "";', f"~^green {fresh};"]),
    ]


def defaults() -> list[str]:
    """Values for the variables that the log and the headers name, in every server, until a location sets others."""
    # Nginx looks nothing up for an empty source: ngx_http_map_find() in
    # https://github.com/nginx/nginx/blob/master/src/http/ngx_http_variables.c
    return [
        *table('map "" $hs_app', ['default "";'], "Values until an app's location sets others."),
        *table('map "" $hs_slot', ['default "";']),
        *table('map "" $hs_slot_now', ['default "";']),
        *table('map "" $hs_state', ['default "";']),
        *table("map $request_method $hs_method", ["default $request_method;"]),
    ]


_UPLOAD = "A large body is passed on while it comes, so that a drain sees its connection and waits for a slow upload."
_STANDBY = "A request to the sticky standby, which may send it to the next location: the one place where an app may."
_MOVED = "A request without an answer, unless a replica may have begun to process it."
_FRESH = "A request whose session has ended, sent again to the live slot."
_NO_REDIRECT = "proxy_ignore_headers X-Accel-Redirect;"
"""An app must not lead a request into locations of Nginx that are internal, or another app's:
https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ignore_headers"""


def _to_app(app: AppSettings, include: str, way: list[str]) -> list[str]:
    """Nginx reads a small body before it sends the request. If it sent a body while it came, and an app answered before
    the end, Nginx would close a connection that the visitor may use for the next request, which would be lost.

    The slot may be retired before the last bytes come, since a drain sees no connection yet. Or the replica dies. Then
    the request goes to ``moved``.
    """
    sticky = app.release.sessions == "sticky"
    return [
        f"set $hs_app {app.name};",
        *([] if sticky else ['set $hs_elsewhere "";']),
        # Nginx changes the method to GET for an error page; the log has the visitor's own method:
        # https://nginx.org/en/docs/http/ngx_http_core_module.html#error_page
        "set $hs_method $request_method;",
        f"error_page 418 = {named_location(app.name, 'upload')};",
        *([f"error_page 419 = {named_location(app.name, 'standby')};"] if sticky else []),
        # Before the include: of two error_page lines for the same error, the first counts.
        f"error_page 502 504 = {named_location(app.name, 'moved')};",
        include,
        _NO_REDIRECT,
        "proxy_request_buffering on;",
        "if ($hs_streams) { return 418; }",
        *way,
    ]


def _upload(include: str, way: list[str]) -> list[str]:
    return [include, _NO_REDIRECT, "proxy_request_buffering off;", 'set $hs_elsewhere "";', *way]


def _standby(app: AppSettings, include: str) -> list[str]:
    """``$hs_slot`` and ``$hs_state`` are set already."""
    return [
        f"error_page 502 504 = {named_location(app.name, 'moved')};",
        include,
        # Else an operator's server could have a list of its own, with X-Accel-Redirect; we cache nothing.
        "proxy_ignore_headers X-Accel-Expires;",
        "proxy_request_buffering on;",
        f"proxy_pass http://${name(app.name, 'upstream')};",
    ]


def _fresh(app: AppSettings, include: str) -> list[str]:
    """Nginx still has the whole request: only one without a large body gets the name of this location."""
    return [
        f"error_page 502 504 = {named_location(app.name, 'moved')};",
        include,
        _NO_REDIRECT,
        "proxy_request_buffering on;",
        'set $hs_elsewhere "";',
        f"proxy_pass http://{name(app.name, '')}$hs_slot;",
    ]
