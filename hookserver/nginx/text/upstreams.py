"""The replicas as Nginx's upstreams, and which of them a visitor's session belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from hookserver.addresses import Endpoints
from hookserver.config import AppSettings
from hookserver.models import Endpoint, Slot
from hookserver.nginx.text.syntax import block, milliseconds, name

# Shorter than Tomcat's 60 s, so that Nginx never sends on a connection that Tomcat is closing; and an old slot's
# idle connections are gone soon, so what remains while draining is in flight.
_IDLE = 4.0
_KEEPALIVE = ["keepalive 64;", "keepalive_requests 10000;", f"keepalive_timeout {milliseconds(_IDLE)};"]

_TRIES = 3
"""How often a replica is asked that alone has the visitor's session, before another one answers him without it."""


def replicas(every: Endpoints) -> list[Endpoint]:
    """The endpoints of all apps and slots in one list."""
    return [endpoint for slots in every.values() for found in slots.values() for endpoint in found]


def routes() -> list[str]:
    """``$hs_id``: the id of the visitor's session, from a cookie, else from the address; ``$hs_route``: its replica.

    Whatever the app calls its cookie: the first one counts that ends in a route of a slot that serves its sessions
    (``$hs_slots``). What another app, or a release that is gone, has left with the browser is passed over.
    """
    slots, route = "^(blue|green):(blue|green|none):", "\\.(?:\\1|\\2)[0-9]+"
    in_address = f"{slots}[^?]*?;[^=/?;]+=(?<hs_addressid>[^/?;]+{route})(?:[/?;]|$)"
    in_cookie = f'{slots}(?:.*?;)??[^;=]+=\\"?(?<hs_cookieid>[^;\\s\\"]+{route})\\"?\\s*(?:;|$)'
    return [
        *block('map "$hs_slots:$request_uri" $hs_uriid', ['default "";', f'"~{in_address}" $hs_addressid;']),
        *block('map "$hs_slots:$http_cookie" $hs_id', ["default $hs_uriid;", f'"~{in_cookie}" $hs_cookieid;']),
        *block("map $hs_id $hs_route", ['default "";', '"~\\.(?<hs_routefound>[a-z]+[0-9]+)$" $hs_routefound;']),
    ]


def upstreams(app: AppSettings, slots: Mapping[Slot, Sequence[Endpoint]], lacking: Set[str] = frozenset()) -> list[str]:
    """The app's upstreams, and the maps that choose one for a visitor, by the flags and his session's route.

    One over the replicas of each slot, and one for each replica, with its siblings as backup; when sessions are
    ``sticky`` another one for each replica, for when its slot is held: its siblings have not the session either, so the
    live slot's replicas are the backup. Who alone has the session, and stalled for a moment, is asked again before.
    When they are ``replicated`` a visitor moves from a replica to the one with the same number in the other slot, so
    that his session is changed in one place at a time.

    What a replica of the live slot has left undone as it died goes to the next one; what another one has, to the live
    slot.
    """
    keepalive = [] if "http_upstream_keepalive_module" in lacking else _KEEPALIVE
    sessions = app.release.sessions
    tries = _TRIES if sessions == "sticky" else 1
    lines: list[str] = []
    chosen: list[str] = []
    after: list[str] = []
    for slot, replicas in slots.items():
        lines += _upstream(name(app.name, slot), [*replicas], [], keepalive)
        for replica, following in zip(replicas, [*replicas[1:], replicas[0]], strict=True):
            after.append(f"{slot}:{replica.host} {name(app.name, following.route)};")
            siblings = [sibling for sibling in replicas if sibling != replica]
            own = name(app.name, replica.route)
            lines += _upstream(own, [replica] * tries, siblings, keepalive)
            routes = [replica.route] if sessions != "none" else []
            if sessions == "replicated":
                routes.append(f"{slot.other}{replica.route.removeprefix(slot)}")
            chosen += [f"{slot}:{held}:{route} {own};" for held in ("none", slot.other) for route in routes]
            if sessions == "sticky":
                lines += _upstream(f"{own}held", [replica] * tries, slots[slot.other], keepalive)
                chosen.append(f"{slot.other}:{slot}:{replica.route} {own}held;")
    upstream, live, held = (f"${name(app.name, what)}" for what in ("upstream", "slot", "held"))
    fresh, cut_off = (name(app.name, what) for what in ("fresh", "after"))
    # A route of a slot that is neither live nor held is no route: its visitor goes to any replica of the live one.
    return [
        *lines,
        *block(f'map "{live}:{held}:$hs_route" {upstream}', [f"default {name(app.name, '')}{live};", *chosen]),
        *block(f'map "{upstream}:$hs_again" ${fresh}', ['default "";', f'"~held:1$" @{fresh};']),
        *block(f'map "{live}:$hs_cutoff" ${cut_off}', [f"default {name(app.name, '')}{live};", *after]),
    ]


def _upstream(
    upstream: str, replicas: Sequence[Endpoint], backups: Sequence[Endpoint], keepalive: list[str]
) -> list[str]:
    servers = [f"server {replica.host}:{replica.port} max_fails=0;" for replica in replicas]
    servers += [f"server {backup.host}:{backup.port} max_fails=0 backup;" for backup in backups]
    return block(f"upstream {upstream}", [*servers, *keepalive])
