"""An app's locations for a server that others wrote, and the file with the lines that they share."""

from __future__ import annotations

from pathlib import Path

from hookserver.config import AppSettings, Settings
from hookserver.nginx.text.locations import app_locations


def snippet_file(settings: Settings, app: str) -> Path:
    """The file with the app's locations, for an ``include``."""
    return settings.server.state.nginx / "snippets" / f"{app}.conf"


def proxy_file(settings: Settings) -> Path:
    """The file that the locations of all apps include. No app has its name, which begins with an underscore."""
    return settings.server.state.nginx / "snippets" / "_proxy.conf"


def snippet(settings: Settings, app: AppSettings) -> list[str]:
    """The lines to be included in a ``server`` block; the upstreams and maps that they name are in our own files.

    Raises NginxError when a path cannot be written to an Nginx configuration.
    """
    return app_locations(settings, app, proxy_file(settings))
