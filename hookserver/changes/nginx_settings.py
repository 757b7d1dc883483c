"""Which settings Nginx goes by: those of the file, but for what the release that serves was not made for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hookserver.config import AppSettings, Settings
from hookserver.models import Release
from hookserver.store import EffectiveSettings


def routed(settings: Settings, live: Mapping[str, Release], known: EffectiveSettings) -> Settings:
    """The settings for Nginx's text.

    An app whose context changes keeps its path until a release of that context goes live. An app that is gone from the
    file and still serves keeps its domains, but for those that another app now has, until it is to be retired.
    """
    apps = {name: _with_its_path(app, live.get(name)) for name, app in settings.apps.items()}
    taken = {(domain, app.path) for app in apps.values() for domain in app.domains}
    names = {name for app in apps.values() for name in (*app.domains, *app.redirects)}
    for name, remembered in known.settings.get("apps", {}).items():
        if name in live and name not in apps and name not in known.retire:
            gone = remembered_app(name, remembered)
            domains = tuple(domain for domain in gone.domains if (domain, gone.path) not in taken)
            redirects = tuple(redirect for redirect in gone.redirects if redirect not in names)
            if domains:
                apps[name] = gone.model_copy(update={"domains": domains, "redirects": redirects})
    return settings.model_copy(update={"apps": apps})


def remembered_app(name: str, remembered: Mapping[str, Any]) -> AppSettings:
    """An app that the file no longer has, as far as it is remembered: where it answers, and its image's name."""
    keys = ("domains", "redirects", "path", "image", "release")
    given = {key: remembered[key] for key in keys if key in remembered}
    return AppSettings.model_validate({**given, "name": name, "repository": "push"})


def _with_its_path(app: AppSettings, live: Release | None) -> AppSettings:
    made_from = live.settings if live else {}
    if not made_from or made_from["tomcat"]["context"] == app.tomcat.context:
        return app
    return app.model_copy(update={"path": made_from["path"]})
