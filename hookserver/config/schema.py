"""Every key of the settings file, with its default and its rule."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from hookserver.config.secrets import Secret, SecretFile, Section, Variables, VariablesFile
from hookserver.config.values import (
    AppName,
    Branch,
    Command,
    Context,
    Domain,
    Duration,
    FilePath,
    HealthPath,
    Image,
    ImageName,
    Listen,
    OptionalImage,
    OptionalPath,
    OwnFilePath,
    Program,
    PublicUrl,
    Repository,
    Size,
    TomcatPlace,
    UrlPath,
    Variable,
    Volume,
)
from hookserver.state.state_dir import StateDir

MAX_REPLICAS = 8
"""Replicas that a slot can have: each app has two blocks of that many addresses."""


class ServerSettings(Section):
    """``[server]``"""

    listen: Listen = "127.0.0.1:9000"
    state_dir: FilePath = Path("/var/lib/hookserver")
    public_url: PublicUrl = ""
    builds: int = Field(default=1, ge=1, le=16)

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
        same = [address.removeprefix("*:").removeprefix("0.0.0.0:") for address in listen]
        if len(set(same)) < len(same) or any(int(address.rpartition(":")[2]) == 0 for address in listen):
            raise ValueError(f"{', '.join(listen)}: has an address twice, or the port 0")
        return listen


class DockerSettings(Section):
    """``[docker]``"""

    host: str = ""
    subnet: IPv4Network = IPv4Network("172.30.240.0/20")
    cluster_subnet: IPv4Network = IPv4Network("172.30.224.0/20")

    @field_validator("subnet")
    @classmethod
    def _has_room(cls, subnet: IPv4Network) -> IPv4Network:
        if not 16 <= subnet.prefixlen <= 26:
            raise ValueError(f"{subnet} must be between a /16 and a /26: every app takes 16 addresses")
        return subnet

    @field_validator("cluster_subnet")
    @classmethod
    def _has_room_for_clusters(cls, subnet: IPv4Network) -> IPv4Network:
        if not 16 <= subnet.prefixlen <= 26:
            raise ValueError(f"{subnet} must be between a /16 and a /26: every app with replicated sessions takes 32")
        return subnet


BUILD_KEYS_OF_THE_IMAGE = ("kind", "image", "command", "war", "env", "volumes")
"""The keys of ``[apps.<app>.build]`` whose change makes another image."""
TOMCAT_KEYS_OF_THE_IMAGE = ("context", "migrate", "files")
"""Those of ``[apps.<app>.tomcat]``, beside ``image``, whose content counts too: its name may get another."""


class BuildSettings(Section):
    """``[apps.<app>.build]``"""

    kind: Literal["auto", "maven", "gradle", "ant", "war", "dockerfile"] = "auto"
    image: OptionalImage = ""
    command: Command = ()
    war: str = ""
    env: Variables = Field(default={})
    env_files: dict[Variable, SecretFile] = Field(default={})
    volumes: tuple[Volume, ...] = ()
    ca_bundle: OptionalPath = None
    offline: bool = False
    memory: Size = 1 << 30
    cpus: float = Field(default=1.0, gt=0, le=256)
    timeout: Duration = Field(default=1200.0, gt=0)

    def secrets(self) -> dict[str, str]:
        """The variables of ``env_files`` as their files say now. Raises OSError, UnicodeDecodeError."""
        return {name: file.read_text(encoding="utf-8").strip() for name, file in self.env_files.items()}


class TomcatSettings(Section):
    """``[apps.<app>.tomcat]``"""

    image: Image = "tomcat:10.1-jdk17-temurin"
    context: Context = ""
    migrate: bool = False
    files: dict[TomcatPlace, OwnFilePath] = Field(default={})
    java_opts: str = ""
    memory: Size = 512 << 20
    env: Variables = Field(default={})
    env_file: VariablesFile = None
    volumes: tuple[Volume, ...] = ()
    networks: tuple[str, ...] = ()
    hosts: dict[str, str] = Field(default={"host.docker.internal": "host-gateway"})

    @property
    def context_path(self) -> str:
        """The URL path of the context, such as ``/shop``; empty for ROOT."""
        return "" if self.context == "ROOT" else f"/{self.context.replace('#', '/')}"


class HealthSettings(Section):
    """``[apps.<app>.health]``; ``path`` counts from the container's root, the context included."""

    path: HealthPath = ""
    status: tuple[Annotated[int, Field(ge=100, le=599)], ...] = Field(default=(200,), min_length=1)
    body: str = ""
    interval: Duration = Field(default=0.2, ge=0.05)
    timeout: Duration = Field(default=5.0, gt=0)
    successes: int = Field(default=3, ge=1, le=1000)
    deadline: Duration = Field(default=120.0, gt=0)


class ReleaseSettings(Section):
    """``[apps.<app>.release]``"""

    prepare: Command = ()
    prepare_timeout: Duration = Field(default=600.0, gt=0)
    drain: Duration = 30.0
    standby: Duration = 600.0
    sticky_for: Duration = 1800.0
    sessions: Literal["none", "sticky", "replicated"] = "sticky"
    keep: int = Field(default=5, ge=1, le=100)

    @property
    def sticky_seconds(self) -> float:
        """Seconds that the old slot still serves the visitors whose sessions it has; 0: not at all."""
        return self.sticky_for if self.sessions == "sticky" else 0.0


class AppSettings(Section):
    """``[apps.<app>]``; ``name`` is the table's key."""

    name: AppName
    repository: Repository
    branch: Branch = "main"
    domains: tuple[Domain, ...] = Field(min_length=1)
    redirects: tuple[Domain, ...] = ()
    path: UrlPath = "/"
    image: ImageName = ""
    replicas: int = Field(default=2, ge=1, le=MAX_REPLICAS)
    webhook_secret: Secret = SecretStr("")
    poll: Duration = 300.0
    build: BuildSettings = BuildSettings()
    tomcat: TomcatSettings = TomcatSettings()
    health: HealthSettings = HealthSettings()
    release: ReleaseSettings = ReleaseSettings()

    @property
    def is_pushed_to(self) -> bool:
        """Whether its repository is one of hookserver's own, to which people push, instead of a remote."""
        return self.repository == "push"

    @field_validator("path")
    @classmethod
    def _plain(cls, path: str) -> str:
        """Without a slash at its end. Nginx matches the decoded, normalised path, so that others would never match.

        https://nginx.org/en/docs/http/ngx_http_core_module.html#location
        """
        path = path.rstrip("/") or "/"
        if "%" in path or (path != "/" and any(part in ("", ".", "..") for part in path[1:].split("/"))):
            raise ValueError(f'{path!r} has "//", "/./", "/../" or "%"; write the path as visitors see it')
        return path

    @model_validator(mode="after")
    def _follow_the_path(self) -> AppSettings:
        """Fill defaults that depend on other keys: image on name, context on path, health path on context."""
        context = self.tomcat.context or self.path.strip("/").replace("/", "#") or "ROOT"
        object.__setattr__(self, "image", self.image or f"hookserver/{self.name}")
        object.__setattr__(self, "tomcat", self.tomcat.model_copy(update={"context": context}))
        health = self.health.path or f"{self.tomcat.context_path}/"
        object.__setattr__(self, "health", self.health.model_copy(update={"path": health}))
        return self


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
