"""The next step for a request whose replica died before it answered.

Nginx itself tries another replica where that does no harm (GET, PUT, …). A POST that the application has begun to
process may be done, and is never sent again (RFC 9110, 9.2.2). But while the kernel frees a killed JVM's memory, it
still accepts requests that nobody reads. So a replica writes a file for each request before it begins to process it,
the request journal, and the file stays when the replica dies. A request without such a file goes to another replica. A
form that the app had begun to process leads its visitor back to the page of the form, which shows the result: visitors
reload an error page, and would send the form again.
"""

from __future__ import annotations

from hookserver.config import AppSettings
from hookserver.nginx.text.state_checks import slot_now
from hookserver.nginx.text.syntax import name, path, table
from hookserver.state.request_journal import ACTIVE
from hookserver.state.state_dir import StateDir


def maps() -> list[str]:
    """``$hs_failure``: how a request failed, 502 or 504; ``unsent`` when no replica received a byte of it, or not the
    last one, and Nginx may repeat it.

    ``$hs_cut_off``: the address of the replica that died, for a request that Nginx does not repeat by itself.
    ``$hs_back``: the page of this site that has the form, if a browser, not a script, sent it.
    """
    browser = "(?:navigate)?;;(?:application/x-www-form-urlencoded|multipart/form-data|text/plain)\\b.*;text/html\\b"
    return [
        *table(
            'map "$request_method;$upstream_bytes_sent;$upstream_status" $hs_failure',
            [
                "default 502;",
                '"~^[^;]+;[-0, :]+;" unsent;',
                '"~^(?!(?:POST|LOCK|PATCH);)[^;]+;[-0-9, :]+ [-0];" unsent;',
                '"~504$" 504;',
            ],
            "How a request failed. Only a failed request reads these maps.",
        ),
        *table(
            'map "$hs_failure;$request_method;$upstream_addr" $hs_cut_off',
            [
                "default nobody;",
                '"~^502;(?:POST|LOCK|PATCH);(?:.*[ ,])?(?<hs_cut_off_found>[0-9.]+):[0-9]+$" $hs_cut_off_found;',
            ],
            "The replica that died with a request that Nginx does not repeat by itself.",
        ),
        # Not by $hs_failure: Nginx computes a map once a request, and this one must see the last attempt:
        # https://nginx.org/en/docs/http/ngx_http_map_module.html#volatile
        *table(
            'map "$upstream_bytes_sent;$upstream_status;$hs_method;$http_sec_fetch_mode;$http_x_requested_with;'
            '$content_type;$http_accept" $hs_form',
            [
                'default "";',
                f'"~^[-0-9, :]*[1-9][-0-9, :]*;(?:.*[ ,])?502;POST;{browser}" "$host$hs_host_port $http_referer";',
            ],
            "The page of this site with the form that got no answer.",
        ),
        *table(
            "map $hs_form $hs_back",
            ['default "";', '"~*^([^ ]+) (?<hs_back_found>https?://\\1/[^ ]*)$" $hs_back_found;'],
            "The address of that page, if it is on this site.",
        ),
    ]


def moved(state: StateDir, app: AppSettings) -> list[str]:
    """Send a request without an answer to another replica, unless a replica may have begun to process it.

    Its slot may have been retired before Nginx had read it; then it goes to the slot that is live now. If its replica
    died, it goes to the next replica. Raises NginxError when a path cannot be written to an Nginx configuration.
    """
    journal = (state.request_journals, app.name)
    return [
        "if ($hs_failure = 504) { return 504; }",
        "",
        *slot_now(state, app),
        'if ($hs_slot_now = "") { return 503; }',
        "",
        "# Not sent, and its slot was retired meanwhile: it goes to the slot that is live now.",
        'set $hs_next "";',
        f"if ($hs_failure = unsent) {{ set $hs_next {name(app.name, '')}$hs_slot_now; }}",
        'if ($hs_slot = $hs_slot_now) { set $hs_next ""; }',
        "",
        "# Sent, but the replica's journal has no file of it: it goes to the next replica.",
        f"if (-f {path(*journal, variable=f'$hs_cut_off/{ACTIVE}')}) {{ set $hs_next ${name(app.name, 'after')}; }}",
        f'if (-f {path(*journal, variable="$hs_cut_off/$hs_request_id")}) {{ set $hs_next ""; }}',
        "# Not sent, and no other slot to send it to: no replica runs.",
        'set $hs_end "$hs_next$hs_failure";',
        "if ($hs_end = unsent) { return 503; }",
        'if ($hs_next = "") { return 502; }',
        "",
        "set $hs_slot $hs_slot_now;",
        'set $hs_elsewhere "";',
        "proxy_request_buffering on;",
        "proxy_pass http://$hs_next;",
    ]
