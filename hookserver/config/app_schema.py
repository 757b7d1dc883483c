"""Every key of ``[apps.<app>]``, with its default and its rule."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from hookserver.config.paths import OptionalFile, OwnFile, SecretFile, TomcatPlace, VariablesFile, Volume, WarPath
from hookserver.config.secrets import Secret, Section, Variables
from hookserver.config.units import Duration, Size, format_size
from hookserver.config.values import (
    AppName,
    Branch,
    Command,
    Context,
    Domain,
    HealthPath,
    Image,
    ImageName,
    OptionalImage,
    Repository,
    UrlPath,
    Variable,
)

MIN_WEBHOOK_SECRET = 16
"""Characters of a webhook secret. Who has one signed call can try shorter ones without asking hookserver."""
MAX_WEBHOOK_SECRETS = 2
"""The one that the forge has, and the one that it will have."""
MAX_REPLICAS = 8
"""Replicas that a slot can have: each app has two blocks of that many addresses."""

BUILD_KEYS_OF_THE_IMAGE = ("kind", "image", "command", "war", "env", "volumes")
"""The keys of ``[apps.<app>.build]`` whose change makes another image."""
TOMCAT_KEYS_OF_THE_IMAGE = ("context", "migrate", "files")
"""Those of ``[apps.<app>.tomcat]``, beside ``image``, whose content counts too: its name may get another."""


class BuildSettings(Section):
    """``[apps.<app>.build]``"""

    kind: Literal["auto", "maven", "gradle", "ant", "war", "dockerfile"] = "auto"
    image: OptionalImage = ""
    command: Command = ()
    war: WarPath = ""
    env: Variables = Field(default={})
    env_files: dict[Variable, SecretFile] = Field(default={})
    volumes: tuple[Volume, ...] = ()
    ca_bundle: OptionalFile = None
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
    files: dict[TomcatPlace, OwnFile] = Field(default={})
    java_opts: str = ""
    memory: Size = 512 << 20
    cpus: float = Field(default=0.0, ge=0, le=256)
    pids: int = Field(default=4096, ge=64, le=1 << 22)
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
    sessions: Literal["none", "sticky", "shared"] = "sticky"
    sessions_max: Size = 256 << 20
    keep: int = Field(default=5, ge=1, le=100)

    @field_validator("sessions_max")
    @classmethod
    def _has_room(cls, size: int) -> int:
        if size < 1 << 20:
            raise ValueError(f'{format_size(size)} is too small for the sessions of a shop; write "1m" or more')
        return size

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

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """The secrets that a webhook may be signed with, each on a line of its own: two while the secret is changed."""
        return _lines(self.webhook_secret)

    @field_validator("webhook_secret")
    @classmethod
    def _hard_to_guess(cls, secret: SecretStr) -> SecretStr:
        secrets = _lines(secret)
        if len(secrets) > MAX_WEBHOOK_SECRETS:
            raise ValueError(
                f"has {len(secrets)} secrets, each on a line; {MAX_WEBHOOK_SECRETS} may be valid at a time"
            )
        if any(len(line) < MIN_WEBHOOK_SECRET for line in secrets):
            raise ValueError(
                f"has under {MIN_WEBHOOK_SECRET} characters, so it can be guessed; make one with `openssl rand -hex 32`"
            )
        return secret

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


def _lines(secret: SecretStr) -> tuple[str, ...]:
    """The lines that are not empty, without the space around them."""
    lines = (line.strip() for line in secret.get_secret_value().splitlines())
    return tuple(line for line in lines if line)
