"""Which settings a running hookserver can apply, and which need its restart."""

from __future__ import annotations

from pathlib import Path

from hookserver.config.load import load
from hookserver.config.schema import DockerSettings, Settings

NEEDS_A_RESTART = {
    "server": ("state_dir", "user"),
    "nginx": ("mode", "binary", "conf_dir"),
    "docker": tuple(DockerSettings.model_fields),
}
"""Section → keys that need a restart."""


def reread(path: Path, running: Settings) -> Settings:
    """The file as it is now, except for what needs a restart. Raises SettingsError with every mistake."""
    return with_running_values(load(path).settings, running)


def with_running_values(given: Settings, running: Settings) -> Settings:
    """``given``, with the running values of the keys that need a restart."""
    kept = {
        section: getattr(given, section).model_copy(
            update={key: getattr(getattr(running, section), key) for key in keys}
        )
        for section, keys in NEEDS_A_RESTART.items()
    }
    return given.model_copy(update=kept)
