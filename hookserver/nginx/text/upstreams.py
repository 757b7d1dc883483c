"""The replicas as Nginx's upstreams, and which of them a visitor's session belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from hookserver.addresses import Endpoints
from hookserver.config import AppSettings
from hookserver.models import Endpoint, Slot
from hookserver.nginx.text.syntax import block, name, table, time

# Seconds. Tomcat closes an idle connection after 60, so Nginx never sends a request on one that Tomcat is closing. And
# the idle connections of an old slot close soon: those that remain while it drains have requests in flight.
# Nginx 1.29.7 and later keeps 32 connections for 60 s by default:
# https://nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive
_IDLE = 4.0
_KEEPALIVE = f"keepalive 64; keepalive_requests 10000; keepalive_timeout {time(_IDLE)};"

_TRIES = 3
"""Connection attempts to the only replica with the visitor's session, before another one answers without it."""

_BACKUPS = 2
"""Backup servers of a replica: with all the others, the text would grow with the square of the replicas."""


def replicas(every: Endpoints) -> list[Endpoint]:
    """The endpoints of all apps and slots in one list."""
    return [endpoint for slots in every.values() for found in slots.values() for endpoint in found]


def routes() -> list[str]:
    """``$hs_route``: the replica of the visitor's session, by the end of its id in a cookie, else in the address.

    ``$hs_session_start``: the first 8 characters of an id that is long enough to be secret without them.
    The app may call its cookie anything. The first cookie counts that ends in a route of a slot that serves its
    sessions, by the name of the flag (``$hs_state``). Cookies of another app, or of a release that is gone, do not.
    """
    # A reference to a group that matched nothing matches nothing: pcre2pattern(3), "Backreferences".
    slots, route = "^(blue|green)(?:-sticky-(blue|green))?:", "\\.(?<hs_route_found>(?:\\1|\\2)[0-9]+)"
    start = "(?<hs_session_start>[A-Za-z0-9_-]{8})[A-Za-z0-9_-]{16,}"
    in_cookie = f'{slots}(?:.*?;)??[^;=]+=\\"?(?:{start}|[^;\\s\\"]+){route}\\"?\\s*(?:;|$)'
    in_address = f"{slots}[^?]*?;[^=/?;]+=(?:{start}|[^/?;]+){route}(?:[/?;]|$)"
    return [
        *table(
            "map $http_cookie $hs_route",
            ["default $hs_route_in_cookie;", '"" $hs_route_in_address;'],
            "The replica of a visitor's session: the end of its id.",
        ),
        *table(
            'map "$hs_state:$http_cookie" $hs_route_in_cookie',
            ["default $hs_route_in_address;", f'"~{in_cookie}" $hs_route_found;'],
        ),
        *table(
            'map "$hs_state:$request_uri" $hs_route_in_address',
            ['default "";', f'"~{in_address}" $hs_route_found;'],
        ),
    ]


def upstreams(app: AppSettings, slots: Mapping[Slot, Sequence[Endpoint]], lacking: Set[str] = frozenset()) -> list[str]:
    """The app's upstreams, and the maps that choose one for a visitor.

    There is one over the replicas of each slot, and one for each replica, with the next ones of its slot as backup.
    When sessions are ``sticky`` there is another one for each replica, for when its slot is the sticky standby: the
    rest of its slot has not the session either, so replicas of the live slot are the backup. A replica that is the only
    one with the session, and stalls for a moment, is tried again before.
    """
    keepalive = [] if "http_upstream_keepalive_module" in lacking else [_KEEPALIVE]
    sticky = app.release.sessions == "sticky"
    lines: list[str] = []
    for slot, replicas in slots.items():
        lines += _upstream(f"The {slot} slot of {app.name}.", name(app.name, slot), replicas, [], keepalive)
        for index, replica in enumerate(replicas):
            comment = "" if index else "Each replica of it, with the next ones as backup."
            servers = [replica] * (_TRIES if sticky else 1)
            lines += _upstream(comment, name(app.name, replica.route), servers, _following(replicas, index), keepalive)
        if sticky:
            lines += _standby(app, replicas, slots[slot.other], keepalive)
    return [*lines, *_chosen(app, slots), *_after(app, slots)]


def _following(replicas: Sequence[Endpoint], index: int) -> list[Endpoint]:
    return [*replicas[index + 1 :], *replicas[:index]]


def _chosen(app: AppSettings, slots: Mapping[Slot, Sequence[Endpoint]]) -> list[str]:
    """The upstream of a request, by the live slot and the route of the visitor's session.

    When sessions are ``shared`` a visitor moves from a replica to the one with the same number in the other slot,
    so that a session changes in one place at a time.
    """
    chosen = [f"default {name(app.name, '')}$hs_slot;"]
    for slot, replicas in slots.items():
        chosen.append(f'"{slot}:" {name(app.name, slot)};')
        for replica in replicas:
            own, twin = name(app.name, replica.route), f"{slot.other}{replica.route.removeprefix(slot)}"
            chosen += {
                "none": [],
                "sticky": [f"{slot}:{replica.route} {own};", f"{slot.other}:{replica.route} {own}_sticky;"],
                "shared": [f"{slot}:{replica.route} {own};", f"{slot}:{twin} {own};"],
            }[app.release.sessions]
    return table(
        f'map "$hs_slot:$hs_route" ${name(app.name, "upstream")}',
        chosen,
        "Where a request goes, by the live slot and the replica of its session.",
    )


def _after(app: AppSettings, slots: Mapping[Slot, Sequence[Endpoint]]) -> list[str]:
    """The upstream of a request that a replica left undone as it died.

    It is the next replica, if that replica was one of the live slot; else the live slot.
    """
    after = [f"default {name(app.name, '')}$hs_slot_now;"]
    for slot, replicas in slots.items():
        for index, replica in enumerate(replicas):
            following = (_following(replicas, index) or replicas)[0]
            after.append(f"{slot}:{replica.host} {name(app.name, following.route)};")
    return table(
        f'map "$hs_slot_now:$hs_cut_off" ${name(app.name, "after")}',
        after,
        "Where a request goes that a replica, at this address, did not live to answer.",
    )


def _standby(
    app: AppSettings, replicas: Sequence[Endpoint], live: Sequence[Endpoint], keepalive: list[str]
) -> list[str]:
    """The slot's replicas while it is the sticky standby."""
    lines = []
    for index, replica in enumerate(replicas):
        at = index % len(live) if live else 0
        comment = "" if index else "The same while the slot is the sticky standby: the live slot is the backup."
        upstream = f"{name(app.name, replica.route)}_sticky"
        lines += _upstream(comment, upstream, [replica] * _TRIES, [*live[at:], *live[:at]], keepalive)
    return lines


def _upstream(
    comment: str, upstream: str, replicas: Sequence[Endpoint], backups: Sequence[Endpoint], keepalive: list[str]
) -> list[str]:
    # max_fails=0: after one error Nginx would send a replica no requests for 10 s, maybe all of them at the same time:
    # https://nginx.org/en/docs/http/ngx_http_upstream_module.html#max_fails
    servers = [f"server {replica.host}:{replica.port} max_fails=0;" for replica in replicas]
    servers += [f"server {backup.host}:{backup.port} max_fails=0 backup;" for backup in backups[:_BACKUPS]]
    return ["", *block(f"upstream {upstream}", [*servers, *keepalive], comment)]
