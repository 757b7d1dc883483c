"""The services of the installation that the pipeline uses, and those of one deploy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

from hookserver.addresses import all_endpoints, app_subnet, endpoints
from hookserver.changes.nginx_settings import settings_for_nginx
from hookserver.config import AppSettings, Settings, record_app
from hookserver.deploy_log import DeployLog
from hookserver.errors import DeployFailed
from hookserver.git import Mirror
from hookserver.models import Deploy, Endpoint, Release
from hookserver.pipeline.contracts import Images, Runtime, Traffic
from hookserver.store import Store


@dataclass(frozen=True)
class Context:
    """The settings and the services that the pipeline works with; ``wiring.make_context`` makes one.

    ``numbers``: app → its fixed number.
    """

    settings: Settings
    numbers: Mapping[str, int]
    store: Store
    images: Images
    runtime: Runtime
    traffic: Traffic

    def app_settings(self, name: str) -> AppSettings:
        """The app's settings. Raises DeployFailed when the effective settings do not have it."""
        if name not in self.settings.apps:
            raise DeployFailed(
                f"the effective settings have no app {name!r}",
                f"If the file has [apps.{name}], run `hookserver apply`; then deploy again.",
            )
        return self.settings.apps[name]

    def mirror(self, app: AppSettings, deploy: int) -> Mirror:
        """The app's mirror; its git processes carry the deploy's number."""
        state = self.settings.server.state
        own = app.is_pushed_to
        remote = str(state.push_repository(app.name)) if own else app.repository
        return Mirror(state.mirror(app.name), remote, app.branch, state.tag(deploy), in_state_dir=own)

    def subnet(self, app: str) -> IPv4Network:
        """The app's part of ``docker.subnet``. Raises DeployFailed when there is none left for it."""
        return app_subnet(self.settings.docker, self.numbers[app])

    def subnets(self) -> list[IPv4Network]:
        """The parts of ``docker.subnet`` of all apps in the settings that have one."""
        room = range(1, self.settings.docker.room + 1)
        return [self.subnet(app) for app in self.settings.apps if self.numbers.get(app) in room]

    def endpoints(self, release: Release) -> list[Endpoint]:
        """Where the replicas of a release answer."""
        number = self.numbers[release.app]
        return endpoints(self.settings.docker, release.app, number, release.slot, release.replicas)

    def recorded(self, app: AppSettings) -> dict[str, Any]:
        """The app's settings as a release remembers them."""
        return record_app(app, self.store.effective_settings().salt)

    def apply_nginx(self, coming: Release | None = None) -> bool:
        """Make Nginx follow the settings, for what runs in each slot now; True if it had to change.

        ``coming``: the release that the traffic is about to move to. Raises NginxError.
        """
        live = self.store.live_releases() | ({coming.app: coming} if coming else {})
        settings = settings_for_nginx(self.settings, live, self.store.effective_settings())
        return self.traffic.apply(settings, all_endpoints(settings, self.numbers, self.store.replicas()))

    def for_deploy(self, deploy: Deploy, log: DeployLog) -> DeployContext:
        """The same services, for one deploy. Raises DeployFailed when the effective settings do not have its app."""
        return DeployContext(**vars(self), deploy=deploy, app=self.app_settings(deploy.app), log=log)


@dataclass(frozen=True)
class DeployContext(Context):
    """The context of one deploy: also its row, its app's settings, and its log."""

    deploy: Deploy
    app: AppSettings
    log: DeployLog
