"""What becomes of a request that a replica was sent, and did not live to answer.

Nginx itself asks another replica for it where that does no harm (GET, PUT, …). A POST that the application has begun
with may be done, and is never sent again (RFC 9110, 9.2.2). While a killed JVM's memory is cleared away, though, its
kernel goes on taking requests that nobody reads any more. So a replica marks what it begins with, before it does, by a
file that is left when it dies; what has none goes to another replica. A form that was begun with leads its visitor back
to the page that it was on, which shows what came of it: that of an error would be reloaded, and so send it again.
"""

from __future__ import annotations

from hookserver.config import AppSettings
from hookserver.models import KEEPS_MARKS, StateDir
from hookserver.nginx.servers import flags
from hookserver.nginx.syntax import block, name, quote


def maps() -> list[str]:
    """``$hs_failure``: how a request failed, 502 or 504; ``unsent`` when there was no connection to a replica.

    ``$hs_cutoff``: the address of the replica that it was sent to, and that broke off without an answer.
    ``$hs_back``: the page that its form was on, of this very site.
    """
    form = "(?:application/x-www-form-urlencoded|multipart/form-data|text/plain)\\b.*"
    return [
        *block(
            'map "$upstream_connect_time:$upstream_status" $hs_failure',
            ["default 502;", '"~^[-, :]+:[0-9, :]*$" unsent;', '"~504$" 504;'],
        ),
        *block(
            'map "$hs_failure:$upstream_addr" $hs_cutoff',
            ["default nobody;", '"~^502:(?:.*[ ,])?(?<hs_cutofffound>[0-9.]+):[0-9]+$" $hs_cutofffound;'],
        ),
        *block(
            'map "$hs_failure:$request_method:$http_accept:$content_type" $hs_form',
            ['default "";', f'"~^502:POST:text/html[^:]*:{form}$" "$host$hs_hostport $http_referer";'],
        ),
        *block(
            "map $hs_form $hs_back",
            ['default "";', '"~*^([^ ]+) (?<hs_backfound>https?://\\1/[^ ]*)$" $hs_backfound;'],
        ),
    ]


def moved(state: StateDir, app: AppSettings) -> list[str]:
    """Where a small body goes that has had no answer, unless a replica may have begun with it.

    What was not sent, since its slot was retired while it was read, goes to the slot that is live now; what was sent to
    a replica that broke off goes to the next one.
    """
    up, slot, after = (name(app.name, what) for what in ("up", "slot", "after"))
    marks = quote(str(state.marks(app.name))).removesuffix('"')
    return [
        *flags(state, app),
        "if ($hs_failure = 504) { return 504; }",
        f"if (${up} = no) {{ return 503; }}",
        'set $hs_next "";',
        f"if ($hs_failure = unsent) {{ set $hs_next {name(app.name, '')}${slot}; }}",
        f'if ($hs_slot = ${slot}) {{ set $hs_next ""; }}',
        f'if (-f {marks}/$hs_cutoff/{KEEPS_MARKS}") {{ set $hs_next ${after}; }}',
        f'if (-f {marks}/$hs_cutoff/$request_id") {{ set $hs_next ""; }}',
        'if ($hs_next = "") { return 502; }',
        f"set $hs_slot ${slot};",
        'set $hs_elsewhere "";',
        "proxy_request_buffering on;",
        "proxy_pass http://$hs_next;",
    ]
