"""The text that ``hookserver nginx show`` prints: an app's locations, for an operator's own ``server`` block."""

from __future__ import annotations

from hookserver.config import Settings
from hookserver.errors import Refused
from hookserver.nginx import binary
from hookserver.nginx.system.snippet import snippet, snippet_file


def show(settings: Settings, app: str) -> tuple[str, str]:
    """The text, and the line that includes it from its file, which follows the settings.

    Raises Refused in the mode ``managed``, NginxError when there is no Nginx.
    """
    if settings.nginx.mode == "managed":
        raise Refused(
            f"{app} is served by hookserver's own Nginx, which needs no snippet",
            'To use an existing Nginx, set mode = "system" in [nginx].',
        )
    binary.locate(settings.nginx.binary)
    text = "\n".join(snippet(settings, settings.apps[app]))
    return text, f"include {snippet_file(settings, app)};"
