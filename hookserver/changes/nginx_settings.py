"""Chooses the settings for Nginx: those of the file, except where a live release was made for others (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hookserver.config import AppSettings, Settings
from hookserver.models import Release
from hookserver.store import EffectiveSettings


def settings_for_nginx(settings: Settings, live: Mapping[str, Release], effective: EffectiveSettings) -> Settings:
    """The settings for Nginx's text.

    An app with a changed context keeps its path until a release with that context goes live. A live app that was
    removed from the file keeps its domains, except those of other apps, until its retirement is requested.
    """
    apps = {name: _with_its_path(app, live.get(name)) for name, app in settings.apps.items()}
    taken = {(domain, app.path) for app in apps.values() for domain in app.domains}
    names = {name for app in apps.values() for name in (*app.domains, *app.redirects)}
    for name, remembered in effective.settings.get("apps", {}).items():
        if name in live and name not in apps and name not in effective.retire:
            removed = remembered_app(name, remembered)
            domains = tuple(domain for domain in removed.domains if (domain, removed.path) not in taken)
            redirects = tuple(redirect for redirect in removed.redirects if redirect not in names)
            if domains:
                apps[name] = removed.model_copy(update={"domains": domains, "redirects": redirects})
    return settings.model_copy(update={"apps": apps})


def remembered_app(name: str, remembered: Mapping[str, Any]) -> AppSettings:
    """The recorded settings of an app that was removed from the file: its domains, paths and image."""
    keys = ("domains", "redirects", "path", "image", "release")
    given = {key: remembered[key] for key in keys if key in remembered}
    return AppSettings.model_validate({**given, "name": name, "repository": "push"})


def _with_its_path(app: AppSettings, live: Release | None) -> AppSettings:
    made_from = live.settings if live else {}
    if not made_from or made_from["tomcat"]["context"] == app.tomcat.context:
        return app
    return app.model_copy(update={"path": made_from["path"]})
