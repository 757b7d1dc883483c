"""Nginx's access log: which app, slot and replica answered what, and how fast."""

from __future__ import annotations

from collections.abc import Iterable

from hookserver.models import Endpoint
from hookserver.nginx.text.syntax import block

ACCESS_LOG = "logs/access.log"
"""Below the instance's folder."""


def log_format(replicas: Iterable[Endpoint]) -> list[str]:
    """The format ``hs_json``: one JSON object a request; times in seconds.

    ``slot`` is the one that answered. ``session`` has the first 8 characters of the visitor's session's id, when it is
    a session of that slot: enough to tell visitors apart, and to take over nobody's session.
    """
    fields = {
        "time": '"$time_iso8601"',
        "app": '"$hs_app"',
        "slot": '"$hs_answeringslot"',
        "replica": '"$hs_replica"',
        "session": '"$hs_session"',
        "status": "$status",
        "upstream_status": '"$upstream_status"',
        "seconds": "$request_time",
        "upstream_seconds": '"$upstream_response_time"',
        "bytes": "$body_bytes_sent",
        "method": '"$request_method"',
        "host": '"$host"',
        "uri": '"$hs_loggeduri"',
        "client": '"$remote_addr"',
        "request_id": '"$request_id"',
        "agent": '"$http_user_agent"',
        "upstream": '"$upstream_addr"',
    }
    line = ",".join(f'"{key}":{value}' for key, value in fields.items())
    return [
        # After a retry `$upstream_addr` lists every replica that was tried; the last one answered.
        *block("map $upstream_addr $hs_answered", ['default "";', '"~(?<hs_last>[0-9.]+:[0-9]+)$" $hs_last;']),
        *block(
            "map $hs_answered $hs_replica",
            ['default "";', *(f"{replica.host}:{replica.port} {replica.route};" for replica in replicas)],
        ),
        *block(
            "map $hs_replica $hs_answeringslot",
            ["default $hs_slot;", '"~^(?<hs_answeringslotfound>blue|green)" $hs_answeringslotfound;'],
        ),
        *_sessions(),
        f"log_format hs_json escape=json '{{{line}}}';",
    ]


def _sessions() -> list[str]:
    """``$hs_session``, and ``$hs_loggeduri``, the address without the rest of a session's id."""
    of_the_slot = '"~^(blue|green):(?<hs_sessionfound>[A-Za-z0-9_-]{8})[A-Za-z0-9_-]{16,}\\.\\1[0-9]+$"'
    ends_in_route = "[^=/?;]+=[^/?;]{0,8}(?=[^/?;]*\\.(?:blue|green)[0-9]+(?:[/?;]|$))"
    cut = f'"~*^(?<hs_uribefore>.*;(?:jsessionid=[^/?;]{{0,8}}|{ends_in_route}))[^/?;]*(?<hs_uriafter>.*)$"'
    return [
        *block('map "$hs_answeringslot:$hs_id" $hs_session', ['default "";', f"{of_the_slot} $hs_sessionfound;"]),
        *block("map $request_uri $hs_loggeduri", ["default $request_uri;", f'{cut} "$hs_uribefore...$hs_uriafter";']),
    ]
