"""The maps and the log format that both modes have in their ``http`` block."""

from __future__ import annotations

from hookserver.addresses import Endpoints
from hookserver.config import Settings
from hookserver.nginx.text import cut_off, locations
from hookserver.nginx.text.access_log import log_format
from hookserver.nginx.text.upstreams import replicas, routes
from hookserver.nginx.text.visitor import maps


def tables(settings: Settings, endpoints: Endpoints) -> list[str]:
    """Every variable that the upstreams and the servers name, and the format ``hs_json`` of the access log."""
    return [
        *locations.defaults(),
        *maps(settings.nginx.trusted_proxies),
        *routes(),
        *locations.ways_out(),
        *locations.bodies(),
        *cut_off.maps(),
        *log_format(replicas(endpoints)),
    ]
