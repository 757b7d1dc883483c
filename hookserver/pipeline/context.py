"""What the steps of a deploy work with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hookserver.addresses import endpoints
from hookserver.builders import Images
from hookserver.changes.nginx_settings import routed
from hookserver.config import AppSettings, Settings, record_app
from hookserver.containers import Containers
from hookserver.deploy_log import DeployLog
from hookserver.errors import DeployFailed
from hookserver.git import Mirror
from hookserver.models import Deploy, Endpoint, Release
from hookserver.nginx import Nginx
from hookserver.store import Store


@dataclass(frozen=True)
class Parts:
    """The concrete objects that the steps work with; ``wiring`` makes them."""

    settings: Settings
    numbers: Mapping[str, int]
    store: Store
    images: Images
    containers: Containers
    nginx: Nginx

    def app(self, name: str) -> AppSettings:
        """The app's settings. Raises DeployFailed when those that are in force do not have it."""
        if name not in self.settings.apps:
            raise DeployFailed(
                f"the settings that are in force have no app {name!r}",
                f"If the file has [apps.{name}], `hookserver apply` takes it up; then deploy again.",
            )
        return self.settings.apps[name]

    def mirror(self, app: AppSettings, deploy: int) -> Mirror:
        """The app's mirror; its git processes carry the deploy's number."""
        state = self.settings.server.state
        remote = str(state.push_repository(app.name)) if app.repository == "push" else app.repository
        return Mirror(state.mirror(app.name), remote, app.branch, state.tag(deploy))

    def endpoints(self, release: Release) -> list[Endpoint]:
        """Where the replicas of a release answer."""
        number = self.numbers[release.app]
        return endpoints(self.settings.docker, release.app, number, release.slot, release.replicas)

    def recorded(self, app: AppSettings) -> dict[str, Any]:
        """The app's settings as a release remembers them."""
        return record_app(app, self.store.effective_settings().salt)

    def apply_nginx(self, coming: Release | None = None) -> bool:
        """Make Nginx do what the settings say, for what runs in each slot now; tells whether it had to change.

        ``coming``: the release that the traffic is about to be moved to. Raises NginxError.
        """
        live = self.store.live_releases() | ({coming.app: coming} if coming else {})
        nginx = Nginx(routed(self.settings, live, self.store.effective_settings()))
        return nginx.apply(self.numbers, self.store.replicas())


@dataclass(frozen=True)
class Run:
    """One deploy on its way."""

    parts: Parts
    deploy: Deploy
    app: AppSettings
    log: DeployLog
