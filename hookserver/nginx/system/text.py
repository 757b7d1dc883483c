"""Settings → the texts of our own files beside an operator's. Pure: it reads and writes nothing.

Whatever holds for a whole ``http`` block is left to the operator: only maps, upstreams and servers of ours are in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

from hookserver.addresses import Endpoints
from hookserver.config import NginxSettings, Settings
from hookserver.nginx.listen_address import Address, address
from hookserver.nginx.system.foreign import Servers
from hookserver.nginx.system.snippet import proxy_file, snippet, snippet_file
from hookserver.nginx.text.access_log import access_log
from hookserver.nginx.text.managed import DIGEST, WRITTEN
from hookserver.nginx.text.proxy import proxy_lines
from hookserver.nginx.text.servers import app_servers, status_server
from hookserver.nginx.text.syntax import block, quote
from hookserver.nginx.text.tables import tables
from hookserver.nginx.text.upstreams import upstreams
from hookserver.nginx.text.web import web_server, web_tables

PREFIX = "hookserver-"
COMMON = f"{PREFIX}0-common.conf"
"""Nginx reads this file before the apps' files, and its first server is the first of ours."""


@dataclass(frozen=True)
class Surroundings:
    """The facts of the Nginx that our files are for.

    ``status_name``: the host name by which we ask our status server; nobody else knows it.
    """

    servers: Servers
    lacking: Set[str]
    status_name: str


def app_file(app: str) -> str:
    """The name of the file with the app's upstreams."""
    return f"{PREFIX}app-{app}.conf"


def our_listens(nginx: NginxSettings) -> list[Address]:
    """The addresses of ``nginx.listen``."""
    return [address(text) for text in nginx.listen]


def status_listens(nginx: NginxSettings, servers: Servers) -> list[Address]:
    """Ours, and loopback where an operator's server has it and hides ours."""
    wanted = our_listens(nginx)
    loopback = [Address("127.0.0.1", found.port) for found in wanted if found.host == "*"]
    loopback += [Address("[::1]", found.port) for found in wanted if found.host == "[::]"]
    return [*wanted, *(one for one in loopback if any(server.listens_at(one) for server in servers.foreign))]


def render_system(settings: Settings, endpoints: Endpoints, around: Surroundings) -> dict[Path, str]:
    """Every file of ours with its text. Raises NginxError when a path or name cannot be written down."""
    conf_dir = settings.nginx.conf_dir
    texts = {
        conf_dir / COMMON: _text(_common(settings, endpoints, around)),
        proxy_file(settings): _text(proxy_lines(settings, around.lacking)),
    }
    for app in settings.apps.values():
        texts[conf_dir / app_file(app.name)] = _text(upstreams(app, endpoints[app.name], around.lacking))
        texts[snippet_file(settings, app.name)] = _text(snippet(settings, app))
    whole = hashlib.sha256("\0".join(f"{path}\0{text}" for path, text in texts.items()).encode()).hexdigest()
    return {path: text.replace(DIGEST, whole) for path, text in texts.items()}


def _text(lines: list[str]) -> str:
    return "\n".join([WRITTEN, *lines, ""])


def _common(settings: Settings, endpoints: Endpoints, around: Surroundings) -> list[str]:
    lines = [*tables(settings, endpoints), *web_tables(settings, around.lacking)]
    nobody = [one for one in our_listens(settings.nginx) if not any(s.listens_at(one) for s in around.servers.foreign)]
    if nobody:
        unknown = [*(f"listen {one};" for one in nobody), 'server_name "";', "return 404;"]
        lines += ["", *block("server", unknown, "Unknown names, at addresses where no other server answers.")]
    lines += app_servers(
        settings,
        lambda app: [f"include {quote(str(snippet_file(settings, app.name)))};"],
        _own_lines(settings),
        lambda name: not around.servers.taken(name, our_listens(settings.nginx)),
    )
    listens = [str(one) for one in status_listens(settings.nginx, around.servers)]
    status = status_server(settings, listens, around.status_name, DIGEST)
    return [*lines, "", *block("server", status, "For hookserver's own questions."), "", *web_server(settings)]


def _own_lines(settings: Settings) -> list[str]:
    return [
        access_log(settings.server.state.nginx),
        "add_header X-Request-Id $hs_request_id always;",
        "keepalive_requests 10000;",
        "large_client_header_buffers 4 32k;",
    ]
