"""Every key outside an app's tables, with its default and its rule; the whole settings file as one value."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from hookserver.config.app_schema import AppSettings
from hookserver.config.paths import FilePath, OptionalPath, Program
from hookserver.config.secrets import Section
from hookserver.config.units import Duration, Size
from hookserver.config.values import AppName, GroupName, Listen, PublicUrl, UserName
from hookserver.state.state_dir import StateDir


class ServerSettings(Section):
    """``[server]``"""

    listen: Listen = "127.0.0.1:9000"
    state_dir: FilePath = Path("/var/lib/hookserver")
    public_url: PublicUrl = ""
    user: UserName = "hookserver"
    builds: int = Field(default=1, ge=1, le=16)
    push_group: GroupName = ""

    @property
    def state(self) -> StateDir:
        return StateDir(self.state_dir.absolute())

    @property
    def local_url(self) -> str:
        """The URL of the API for this machine itself."""
        host, _, port = self.listen.rpartition(":")
        return f"http://{'127.0.0.1' if host in ('', '*', '0.0.0.0') else host}:{port}"  # noqa: S104

    def webhook_url(self, app: str) -> str:
        """The URL to enter at the forge: below ``public_url``, or the local one when that is not set."""
        return f"{self.public_url or self.local_url}/hooks/{app}"


class NginxSettings(Section):
    """``[nginx]``"""

    mode: Literal["managed", "system"] = "managed"
    binary: Program = "nginx"
    conf_dir: FilePath = Path("/etc/nginx/conf.d")
    reload: tuple[str, ...] = ()
    listen: tuple[Listen, ...] = Field(default=("80",), min_length=1)
    max_body: Size = 100 << 20
    read_timeout: Duration = Field(default=600.0, ge=10.0, le=604800.0)
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    gzip: bool = True
    error_pages: OptionalPath = None

    @field_validator("listen")
    @classmethod
    def _each_once(cls, listen: tuple[str, ...]) -> tuple[str, ...]:
        same = [_without_any(address) for address in listen]
        if len(set(same)) < len(same) or any(int(address.rpartition(":")[2]) == 0 for address in listen):
            raise ValueError(f"{', '.join(listen)}: has an address twice, or the port 0")
        return listen


APP_PREFIX = 27
"""The length of the prefix of an app's network: 32 addresses, for a gateway and two slots of 8 replicas."""


class DockerSettings(Section):
    """``[docker]``"""

    host: str = ""
    subnet: IPv4Network = IPv4Network("172.30.240.0/20")
    allow_metadata: bool = False

    @property
    def room(self) -> int:
        """How many apps the subnet has addresses for."""
        return 1 << (APP_PREFIX - self.subnet.prefixlen)

    @field_validator("subnet")
    @classmethod
    def _has_room(cls, subnet: IPv4Network) -> IPv4Network:
        if not 16 <= subnet.prefixlen <= APP_PREFIX:
            raise ValueError(f"{subnet} must be between a /16 and a /{APP_PREFIX}: every app takes 32 addresses")
        return subnet


def _without_any(address: str) -> str:
    return address.removeprefix("*:").removeprefix("0.0.0.0:")


class Settings(Section):
    """The whole file. ``conflicts`` checks its apps against each other."""

    server: ServerSettings = ServerSettings()
    nginx: NginxSettings = NginxSettings()
    docker: DockerSettings = DockerSettings()
    apps: dict[AppName, AppSettings] = Field(default={})

    @model_validator(mode="before")
    @classmethod
    def _name_the_apps(cls, data: Any) -> Any:
        apps = data.get("apps") if isinstance(data, dict) else None
        if not isinstance(apps, dict):
            return data
        named = {name: {**app, "name": name} if isinstance(app, dict) else app for name, app in apps.items()}
        return {**data, "apps": named}

    @model_validator(mode="after")
    def _listens_apart(self) -> Self:
        if _without_any(self.server.listen) in map(_without_any, self.nginx.listen):
            raise ValueError(
                f"server.listen and nginx.listen are both {self.server.listen}: choose another port for one"
            )
        return self
