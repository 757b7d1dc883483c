"""Nginx's access log: which app and replica answered what, and how fast."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from hookserver.models import Endpoint
from hookserver.nginx.text.syntax import path, table

ACCESS_LOG = "logs/access.log"
"""Below the instance's folder."""


def access_log(folder: Path) -> str:
    """The directive for the log of the instance in ``folder``, the same in every context, as Nginx demands.

    A write for each line costs more than all headers and maps. Nginx writes a line after at most 1 s, and before it
    reopens the log or stops: https://nginx.org/en/docs/http/ngx_http_log_module.html#access_log
    Raises NginxError when the path cannot be written to an Nginx configuration.
    """
    return f"access_log {path(folder, ACCESS_LOG)} hs_json buffer=32k flush=1s;"


def log_format(replicas: Iterable[Endpoint]) -> list[str]:
    """The format ``hs_json``: one JSON object a request; times in seconds.

    ``replica`` is the one that answered: its slot and its number. ``session`` has the first 8 characters of the id of
    the visitor's session, enough to count visitors, too little to take a session over; ``route`` is the replica of that
    session.
    """
    fields = {
        "time": '"$time_iso8601"',
        "app": '"$hs_app"',
        "replica": '"$hs_replica"',
        "session": '"$hs_session"',
        "route": '"$hs_route"',
        "status": "$status",
        "upstream_status": '"$upstream_status"',
        "seconds": "$request_time",
        "upstream_seconds": '"$upstream_response_time"',
        "bytes": "$body_bytes_sent",
        "method": '"$hs_method"',
        "host": '"$host"',
        "uri": '"$hs_logged_uri"',
        "client": '"$remote_addr"',
        "request_id": '"$hs_request_id"',
        "agent": '"$http_user_agent"',
        "upstream": '"$upstream_addr"',
    }
    pairs = [f'"{key}":{value}' for key, value in fields.items()]
    pairs = [
        f"{'{' if number == 0 else ','}{pair}{'}' if pair is pairs[-1] else ''}" for number, pair in enumerate(pairs)
    ]
    return [
        *_replicas(list(replicas)),
        *_session(),
        *_uri(),
        "",
        "# One JSON object a line.",
        "log_format hs_json escape=json",
        *(f"    '{pair}'" for pair in pairs[:-1]),
        f"    '{pairs[-1]}';",
    ]


def _replicas(replicas: list[Endpoint]) -> list[str]:
    # After a retry $upstream_addr lists every replica that was tried; the last one answered:
    # https://nginx.org/en/docs/http/ngx_http_upstream_module.html#var_upstream_addr
    last = [f'"~[ ,]{one.host.replace(".", "[.]")}:{one.port}$" {one.route};' for one in replicas]
    return table(
        "map $upstream_addr $hs_replica",
        ['default "";', *(f"{one.host}:{one.port} {one.route};" for one in replicas), *last],
        "The replica that answered: the only one that got the request, or the last of several.",
    )


def _session() -> list[str]:
    # The group's variable is read in a map only, after the map that sets it. The log measures a line before it writes
    # it: a variable that a later field sets would be longer than measured. ngx_http_log_handler() in
    # https://github.com/nginx/nginx/blob/master/src/http/modules/ngx_http_log_module.c
    return table(
        "map $hs_route $hs_session",
        ["default $hs_session_start;", '"" "";'],
        "Enough of a session's id to count visitors, not enough to take the session over.",
    )


def _uri() -> list[str]:
    """``$hs_logged_uri``, the address without the rest of a session's id."""
    ends_in_route = "[^=/?;]+=[^/?;]{0,8}(?=[^/?;]*\\.(?:blue|green)[0-9]+(?:[/?;]|$))"
    cut = f'"~*^(?<hs_uri_start>.*;(?:jsessionid=[^/?;]{{0,8}}|{ends_in_route}))[^/?;]*(?<hs_uri_end>.*)$"'
    return table(
        "map $request_uri $hs_logged_uri",
        ["default $request_uri;", f'{cut} "$hs_uri_start...$hs_uri_end";'],
        "The address without the rest of a session's id, which would be enough to take the session over.",
    )
