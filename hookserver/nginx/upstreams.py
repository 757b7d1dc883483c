"""The replicas as Nginx's upstreams, and which of them a visitor's session belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Set

from hookserver.addresses import Replicas, endpoints
from hookserver.config import AppSettings, Settings
from hookserver.models import Endpoint, Slot
from hookserver.nginx.syntax import block, milliseconds, name

# Shorter than Tomcat's 60 s, so that Nginx never sends on a connection that Tomcat is closing; and an old slot's
# idle connections are gone soon, so what remains while draining is in flight.
_IDLE = 4.0
_KEEPALIVE = ["keepalive 64;", "keepalive_requests 10000;", f"keepalive_timeout {milliseconds(_IDLE)};"]

Slots = Mapping[str, Mapping[Slot, list[Endpoint]]]
"""An app → its slots → where their replicas answer."""


def both_slots(settings: Settings, numbers: Mapping[str, int], counts: Replicas) -> Slots:
    """The addresses of all replicas; ``numbers`` has every app's lasting place on the container network."""
    return {
        app.name: {
            slot: endpoints(settings.docker, app.name, numbers[app.name], slot, there.get(slot, app.replicas))
            for slot in Slot
        }
        for app in settings.apps.values()
        for there in [counts.get(app.name, {})]
    }


def replicas(slots: Slots) -> list[Endpoint]:
    return [replica for both in slots.values() for found in both.values() for replica in found]


def routes() -> list[str]:
    """``$hs_route``: the replica that made the visitor's session, from its cookie, else from the address."""
    return [
        *block(
            "map $request_uri $hs_uriroute",
            ['default "";', '"~*;jsessionid=[^/?;]*\\.(?<hs_uriroutefound>[a-z0-9]+)(?:[/?;]|$)" $hs_uriroutefound;'],
        ),
        *block(
            "map $cookie_jsessionid $hs_route",
            ["default $hs_uriroute;", '"~\\.(?<hs_routefound>[a-z0-9]+)$" $hs_routefound;'],
        ),
    ]


def upstreams(app: AppSettings, slots: Mapping[Slot, list[Endpoint]], lacking: Set[str] = frozenset()) -> list[str]:
    """One upstream over a slot's replicas, and with sticky sessions one per replica with its siblings as backup."""
    keepalive = [] if "http_upstream_keepalive_module" in lacking else _KEEPALIVE
    sticky = app.release.sessions == "sticky"
    lines: list[str] = []
    routes: list[str] = []
    for slot, replicas in slots.items():
        lines += _upstream(name(app.name, slot), [*replicas], [], keepalive)
        for replica in replicas if sticky else []:
            siblings = [sibling for sibling in replicas if sibling != replica]
            lines += _upstream(name(app.name, replica.route), [replica], siblings, keepalive)
            routes.append(f"{slot}:{replica.route} {name(app.name, replica.route)};")
    chosen = f"${name(app.name, 'upstream')}"
    slot_variable = f"${name(app.name, 'slot')}"
    # A route of the slot that is not live is no route: its session's visitor goes to any replica of the live one.
    return [
        *lines,
        *block(f'map "{slot_variable}:$hs_route" {chosen}', [f"default {name(app.name, '')}{slot_variable};", *routes]),
    ]


def _upstream(upstream: str, replicas: list[Endpoint], backups: list[Endpoint], keepalive: list[str]) -> list[str]:
    servers = [f"server {replica.host}:{replica.port} max_fails=0;" for replica in replicas]
    servers += [f"server {backup.host}:{backup.port} max_fails=0 backup;" for backup in backups]
    return block(f"upstream {upstream}", [*servers, *keepalive])
