"""The settings file: TOML in, validated frozen settings out, every mistake reported at once."""

from hookserver.config.load import Loaded, find, load, parse
from hookserver.config.schema import (
    AppSettings,
    BuildSettings,
    DockerSettings,
    HealthSettings,
    NginxSettings,
    ReleaseSettings,
    ServerSettings,
    Settings,
    TomcatSettings,
)

__all__ = [
    "AppSettings",
    "BuildSettings",
    "DockerSettings",
    "HealthSettings",
    "Loaded",
    "NginxSettings",
    "ReleaseSettings",
    "ServerSettings",
    "Settings",
    "TomcatSettings",
    "find",
    "load",
    "parse",
]
