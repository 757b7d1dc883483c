"""The settings file: TOML becomes validated, frozen settings; every mistake is reported at once."""

from hookserver.config.app_schema import (
    BUILD_KEYS_OF_THE_IMAGE,
    TOMCAT_KEYS_OF_THE_IMAGE,
    AppSettings,
    BuildSettings,
    HealthSettings,
    ReleaseSettings,
    TomcatSettings,
)
from hookserver.config.exposed_files import exposed_files
from hookserver.config.exposure import exposed_api
from hookserver.config.files import missing_error_pages, unreadable_files
from hookserver.config.health_path import health_outside
from hookserver.config.load import Loaded, find, load, parse
from hookserver.config.record import HIDDEN, flat, record, record_app
from hookserver.config.reload import NEEDS_A_RESTART, reread, with_running_values
from hookserver.config.schema import DockerSettings, NginxSettings, ServerSettings, Settings
from hookserver.config.web_access import unreadable_by

__all__ = [
    "BUILD_KEYS_OF_THE_IMAGE",
    "HIDDEN",
    "NEEDS_A_RESTART",
    "TOMCAT_KEYS_OF_THE_IMAGE",
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
    "exposed_api",
    "exposed_files",
    "find",
    "flat",
    "health_outside",
    "load",
    "missing_error_pages",
    "parse",
    "record",
    "record_app",
    "reread",
    "unreadable_by",
    "unreadable_files",
    "with_running_values",
]
