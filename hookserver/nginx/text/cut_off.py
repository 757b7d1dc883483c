"""What becomes of a request that a replica was sent, and did not live to answer.

Nginx itself asks another replica for it where that does no harm (GET, PUT, …). A POST that the application has begun
with may be done, and is never sent again (RFC 9110, 9.2.2). While a killed JVM's memory is cleared away, though, its
kernel goes on taking requests that nobody reads any more. So a replica marks what it begins with, before it does, by a
file that is left when it dies; what has none goes to another replica. A form that was begun with leads its visitor back
to the page that it was on, which shows what came of it: that of an error would be reloaded, and so send it again.
"""

from __future__ import annotations

from hookserver.config import AppSettings
from hookserver.nginx.text.servers import flags
from hookserver.nginx.text.syntax import block, name, quote
from hookserver.state.request_journal import ACTIVE
from hookserver.state.state_dir import StateDir


def maps() -> list[str]:
    """``$hs_failure``: how a request failed, 502 or 504; ``unsent`` when no replica was sent anything of it.

    ``$hs_cutoff``: the address of the replica that broke off, of what Nginx does not repeat by itself.
    ``$hs_back``: the page of this very site on which the form was that a browser, no script, has sent.
    """
    browser = "(?:navigate)?;;(?:application/x-www-form-urlencoded|multipart/form-data|text/plain)\\b.*;text/html\\b"
    return [
        *block(
            'map "$upstream_bytes_sent;$upstream_status" $hs_failure',
            ["default 502;", '"~^[-0, :]+;" unsent;', '"~504$" 504;'],
        ),
        *block(
            'map "$hs_failure;$request_method;$upstream_addr" $hs_cutoff',
            [
                "default nobody;",
                '"~^502;(?:POST|LOCK|PATCH);(?:.*[ ,])?(?<hs_cutofffound>[0-9.]+):[0-9]+$" $hs_cutofffound;',
            ],
        ),
        # Not by $hs_failure: a variable of a map stays as it was when it was first asked for.
        *block(
            'map "$upstream_bytes_sent;$upstream_status;$request_method;$http_sec_fetch_mode;$http_x_requested_with;'
            '$content_type;$http_accept" $hs_form',
            [
                'default "";',
                f'"~^[-0-9, :]*[1-9][-0-9, :]*;(?:.*[ ,])?502;POST;{browser}" "$host$hs_hostport $http_referer";',
            ],
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
    place = quote(str(state.request_journal / app.name)).removesuffix('"')
    return [
        *flags(state, app),
        "if ($hs_failure = 504) { return 504; }",
        f"if (${up} = no) {{ return 503; }}",
        'set $hs_next "";',
        f"if ($hs_failure = unsent) {{ set $hs_next {name(app.name, '')}${slot}; }}",
        f'if ($hs_slot = ${slot}) {{ set $hs_next ""; }}',
        f'if (-f {place}/$hs_cutoff/{ACTIVE}") {{ set $hs_next ${after}; }}',
        f'if (-f {place}/$hs_cutoff/$request_id") {{ set $hs_next ""; }}',
        'if ($hs_next = "") { return 502; }',
        f"set $hs_slot ${slot};",
        'set $hs_elsewhere "";',
        "proxy_request_buffering on;",
        "proxy_pass http://$hs_next;",
    ]
