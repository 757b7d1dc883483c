"""Nginx's access log: which app, slot and replica answered what, and how fast."""

from __future__ import annotations

from collections.abc import Iterable

from hookserver.models import Endpoint
from hookserver.nginx.syntax import block

ACCESS_LOG = "logs/access.log"
"""Below the instance's folder."""


def log_format(replicas: Iterable[Endpoint]) -> list[str]:
    """The format ``hs_json``: one JSON object a request; times in seconds."""
    fields = {
        "time": '"$time_iso8601"',
        "app": '"$hs_app"',
        "slot": '"$hs_slot"',
        "replica": '"$hs_replica"',
        "status": "$status",
        "upstream_status": '"$upstream_status"',
        "seconds": "$request_time",
        "upstream_seconds": '"$upstream_response_time"',
        "bytes": "$body_bytes_sent",
        "method": '"$request_method"',
        "host": '"$host"',
        "uri": '"$request_uri"',
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
        f"log_format hs_json escape=json '{{{line}}}';",
    ]
