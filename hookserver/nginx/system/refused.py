"""The meaning of Nginx's refusal of a whole configuration: whose file it blames, and what to do."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from hookserver.errors import NginxError

_PLACE = re.compile(r" in (/.+):(\d+)$", re.MULTILINE)
_HASH = re.compile(r"you should increase (\w+_hash_(?:bucket|max)_size): (\d+)")
_REMEDIES = {
    "unknown log format": "hookserver's include line must stand before the server that includes its snippet.",
    "duplicate location": "The server that includes the snippet has this location already: remove one of the two.",
    "duplicate upstream": "Include hookserver's files once.",
    "is not allowed here": "Include hookserver's files inside the http { } block, the snippet inside a server { }.",
}


def blamed(said: str) -> Path | None:
    """The file that Nginx names in its complaint."""
    place = _PLACE.search(said)
    return Path(place[1]).resolve() if place else None


def refused(said: str, ours: Collection[Path]) -> NginxError:
    """The error for ``said``, Nginx's own lines; ``ours``: the files that hookserver writes, resolved."""
    place = _PLACE.search(said)
    gone = re.search(r'open\(\) "([^"]*)" failed \(2', said)
    if place and gone and Path(gone[1]).resolve() in ours:
        return NginxError(
            f"{place[1]}:{place[2]} includes {gone[1]}, whose app is no longer in the settings",
            "Remove that include line, or put the app back; until then hookserver's old files stay.",
        )
    if too_small := _HASH.search(said):
        line = f"{too_small[1]} {2 * int(too_small[2])};"
        return NginxError(f"Nginx's tables are too small:\n{said}", f"Add `{line}` to Nginx's http {{ }} block.")
    if blamed(said) in ours:
        remedy = next((remedy for sign, remedy in _REMEDIES.items() if sign in said), "")
        return NginxError(
            f"Nginx refuses the configuration that follows from the settings:\n{said}",
            remedy or "The configuration before it is kept. Fix the settings that the line comes from.",
        )
    where = f"{place[1]}:{place[2]}, which is" if place else "something that is"
    return NginxError(
        f"Nginx refuses its configuration because of {where} not hookserver's:\n{said}",
        "Fix it, then run `nginx -t`. hookserver's files are unchanged, and Nginx goes on as before.",
    )
