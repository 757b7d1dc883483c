"""The settings file: TOML becomes validated, frozen settings; every mistake is reported at once."""

from hookserver.config.files import missing_error_pages, unreadable_files
from hookserver.config.health_path import health_outside
from hookserver.config.load import Loaded, find, load, parse
from hookserver.config.record import HIDDEN, flat, record, record_app
from hookserver.config.reload import NEEDS_A_RESTART, reread, with_running_values
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
    "HIDDEN",
    "NEEDS_A_RESTART",
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
    "flat",
    "health_outside",
    "load",
    "missing_error_pages",
    "parse",
    "record",
    "record_app",
    "reread",
    "unreadable_files",
    "with_running_values",
]
