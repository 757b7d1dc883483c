"""The parts of a server that both modes have: flags, locations, redirects, the page of an app that is not there."""

from __future__ import annotations

from collections.abc import Sequence

from hookserver.config import AppSettings, NginxSettings, Settings
from hookserver.nginx.flags import STICKY
from hookserver.nginx.text.syntax import block, milliseconds, name, quote
from hookserver.nginx.text.visitor import proto
from hookserver.state.state_dir import StateDir

READABLE_FLAG = ".readable"
"""A file that is always in the live folder: Nginx tells by it whether it can read the flags at all."""

STATUS_TYPE = "application/x-hookserver"
"""The content type of the status server's answers, by which they are told from anybody else's."""

FAILURES = (502, 503, 504)
"""When the visitor gets our page."""

NO_APP = ('set $hs_app "";', 'set $hs_slot "";', 'set $hs_slots "";', 'set $hs_elsewhere "";')
"""In a server that leads to no app: what the log and the headers name must be known."""

_CONNECT = 0.25
# Long enough for all silent replicas; a read timeout (10 s or more) comes after it and is never repeated.
_RETRY_FOR = 8.0
_PAGE = (
    "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<title>Back in a moment</title>"
    "<style>body{font:1.1rem/1.6 system-ui,sans-serif;max-width:34rem;margin:18vh auto;padding:0 1rem}</style>"
    "<h1>Back in a moment</h1><p>This page cannot be shown right now. Please try again in a few seconds.</p>"
)


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
    """A server that sends the visitors of ``names`` to ``target``: same scheme, port, path and query."""
    return [
        *(f"listen {address};" for address in settings.nginx.listen),
        f"server_name {' '.join(quote(name) for name in names)};",
        *NO_APP,
        f"return 301 {proto(settings.nginx.trusted_proxies)}://{target}$hs_hostport$request_uri;",
    ]


def status_server(settings: Settings, listens: Sequence[str], status_name: str, digest: str) -> list[str]:
    """It tells an app's live and held slot, which text runs, and whether the flags can be read.

    ``status_name``: the host name by which we ask it; nobody else knows it.
    """
    lines = [
        *(f"listen {one};" for one in listens),
        f"server_name {status_name};",
        "access_log off;",
        "open_file_cache off;",
        f"default_type {STATUS_TYPE};",
        # Else nobody knows them while each domain has a server of the operator's.
        *NO_APP,
    ]
    for app in settings.apps.values():
        lines += flags(settings.server.state, app)
        not_up = f"if (${name(app.name, 'up')} = no) {{ return 200 none; }}"
        for what in ("slot", "held"):
            lines += block(f"location = /{what}/{app.name}", [not_up, f"return 200 ${name(app.name, what)};"])
    readable = quote(str(settings.server.state.live(READABLE_FLAG)))
    return [
        *lines,
        f"location = /config {{ return 200 {digest}; }}",
        *block("location = /flags", [f"if (-f {readable}) {{ return 200 readable; }}", "return 200 unreadable;"]),
        "location / { return 404; }",
    ]


def proxying(nginx: NginxSettings) -> list[str]:
    """How a request goes to a replica, and what happens when one is missing."""
    return [
        "proxy_http_version 1.1;",
        "proxy_request_buffering off;  # else a slow upload holds no connection, looks drained, and ends in a 502",
        # A missing replica does not refuse, it is silent. One that is there has a kernel, this host's, that answers at
        # once, even while its JVM stands still; a full queue would be asked again only after a second.
        f"proxy_connect_timeout {milliseconds(_CONNECT)};",
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
    ]


def flags(state: StateDir, app: AppSettings) -> list[str]:
    """``up`` is looked at first: a first deploy lays ``green`` before ``up``, so it is never taken for blue."""
    up, slot, held = (name(app.name, what) for what in ("up", "slot", "held"))
    live = state.live(app.name)
    lines = [
        f"set ${up} no;",
        f"if (-f {quote(str(live / 'up'))}) {{ set ${up} yes; }}",
        f"set ${slot} blue;",
        f"set ${held} green;",
        f"if (-f {quote(str(live / 'green'))}) {{ set ${slot} green; set ${held} blue; }}",
    ]
    if app.release.sessions != "sticky":
        return [*lines, f"set ${held} none;"]
    flag = quote(str(live / STICKY)).removesuffix('"')
    return [*lines, f'if (!-f {flag}${held}") {{ set ${held} none; }}']


def locations(path: str) -> list[str]:
    """``/shop`` is not ``/shopping``, but it is ``/shop;jsessionid=…``."""
    return ["/"] if path == "/" else [f"= {quote(path)}", quote(f"{path}/"), quote(f"{path};")]


def to_app(app: AppSettings) -> list[str]:
    """The lines of a location of the app's. A small body takes the way of ``small_body``."""
    upstream, up, slot, held, again = (
        f"${name(app.name, what)}" for what in ("upstream", "up", "slot", "held", "fresh")
    )
    return [
        f"set $hs_app {app.name};",
        f"if ({up} = no) {{ return 503; }}",
        f"set $hs_slot {slot};",
        f"set $hs_slots {'blue:green' if app.release.sessions == 'replicated' else slot + ':' + held};",
        f"set $hs_elsewhere {again};",
        "recursive_error_pages on;",
        f"error_page 418 = @{name(app.name, 'small')};",
        "if ($hs_small) { return 418; }",
        f"proxy_pass http://{upstream};",
    ]


def small_body(app: str) -> list[str]:
    """A small body is read before the request goes on: an app that answers without reading it would else make Nginx
    close a connection that it has told the visitor to keep, and the visitor's next request on it is lost.

    One that dawdles over its few bytes may find that its slot is gone meanwhile: it has no connection that a drain
    could wait for. Or its replica dies. Then it goes the way of ``moved``.
    """
    return [
        "proxy_request_buffering on;",
        "recursive_error_pages on;",
        f"error_page 502 504 = @{name(app, 'moved')};",
        f"proxy_pass http://${name(app, 'upstream')};",
    ]


def fresh(app: str) -> list[str]:
    """Where a replica of a held slot sends a request whose session has ended (``X-Accel-Redirect``): the live slot.

    Nginx sends it again as it came, which it can, since it told the replica of this way only where ``$hs_again``.
    """
    return [
        'set $hs_elsewhere "";',
        "proxy_request_buffering on;",
        "recursive_error_pages on;",
        f"error_page 502 504 = @{name(app, 'moved')};",
        f"proxy_pass http://{name(app, '')}${name(app, 'slot')};",
    ]


def bodies() -> list[str]:
    """``$hs_small``: whether the request has a body that fits in Nginx's memory (``client_body_buffer_size``).

    ``$hs_again``: whether Nginx can send it a second time, since its body is small, or there is none.
    """
    return [
        *block("map $content_length $hs_small", ['default "";', '"~^(?:[0-9]{1,4}|[1-5][0-9]{4})$" 1;']),
        *block(
            'map "$hs_small:$content_length:$http_transfer_encoding:$request_method" $hs_again',
            ['default "";', '"~^1:" 1;', '"~^:::(?:GET|HEAD|OPTIONS|DELETE)$" 1;'],
        ),
    ]


def page() -> list[str]:
    """``$hs_page``: what a visitor reads when an app is not there."""
    return block("map $host $hs_page", [f"default {quote(_PAGE)};"])


def failed(status: int) -> list[str]:
    """Our page; a form that was cut off leads its visitor back instead."""
    both = ["add_header X-Request-Id $request_id always;", "add_header Cache-Control no-store always;"]
    return [
        *(block("if ($hs_back)", [*both, "return 303 $hs_back;"]) if status == 502 else []),
        'default_type "text/html; charset=utf-8";',
        *both,
        "add_header Retry-After 5 always;",
        f"return {status} $hs_page;",
    ]
