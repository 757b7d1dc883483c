"""Turns Nginx's refusal of a whole configuration into an error: the file that it names, and what to do."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from hookserver.errors import NginxError
from hookserver.nginx.binary import configuration_refused

# Nginx ends a message about a configuration with " in FILE:LINE": ngx_conf_log_error() in
# https://github.com/nginx/nginx/blob/master/src/core/ngx_conf_file.c
_PLACE = re.compile(r" in (/.+):(\d+)$", re.MULTILINE)
# "could not build server_names_hash, you should increase server_names_hash_bucket_size: 64": ngx_hash_init() in
# https://github.com/nginx/nginx/blob/master/src/core/ngx_hash.c (https://nginx.org/en/docs/hash.html explains them)
_HASH = re.compile(r"you should increase (\w+_hash_(?:bucket|max)_size): (\d+)")
# Parts of messages of ngx_http_log_module.c ("unknown log format"), ngx_http.c ("duplicate location"),
# ngx_http_upstream.c ("duplicate upstream") and ngx_conf_file.c ("directive is not allowed here").
_REMEDIES = {
    "unknown log format": "hookserver's include line must come before the server that includes its snippet.",
    "duplicate location": "The server that includes the snippet has this location already: remove one of the two.",
    "duplicate upstream": "Include hookserver's files once.",
    "is not allowed here": "Include hookserver's files inside the http { } block, the snippet inside a server { }.",
}


def blamed(output: str) -> Path | None:
    """The file that Nginx names in its error output; None when it names none."""
    place = _PLACE.search(output)
    return Path(place[1]).resolve() if place else None


def refused(output: str, ours: Collection[Path]) -> NginxError:
    """The error for ``output``, Nginx's own lines; ``ours``: the files that hookserver writes, resolved."""
    place = _PLACE.search(output)
    # "open() "FILE" failed (2: No such file or directory)": errno 2 is ENOENT, errno(3).
    missing = re.search(r'open\(\) "([^"]*)" failed \(2', output)
    if place and missing and Path(missing[1]).resolve() in ours:
        return NginxError(
            f"{place[1]}:{place[2]} includes {missing[1]}, whose app is no longer in the settings",
            "Remove that include line, or put the app back; until then hookserver's old files stay.",
        )
    if too_small := _HASH.search(output):
        line = f"{too_small[1]} {2 * int(too_small[2])};"
        return NginxError(f"Nginx's hash tables are too small:\n{output}", f"Add `{line}` to Nginx's http {{ }} block.")
    if blamed(output) in ours:
        remedy = next((remedy for part, remedy in _REMEDIES.items() if part in output), "")
        usual = "The previous configuration stays active. Fix the settings that the line comes from."
        return configuration_refused(output, remedy or usual)
    where = f"{place[1]}:{place[2]}, which is" if place else "something that is"
    return NginxError(
        f"Nginx refuses its configuration because of {where} not hookserver's:\n{output}",
        "Fix it, then run `nginx -t`. hookserver's files are unchanged, and Nginx keeps running.",
    )
