"""What of the settings a running hookserver takes up, and what only its next start does."""

from __future__ import annotations

from pathlib import Path

from hookserver.config.load import load
from hookserver.config.schema import DockerSettings, Settings

NEEDS_A_RESTART = {
    "server": ("listen", "state_dir"),
    "nginx": ("mode", "binary", "conf_dir"),
    "docker": tuple(DockerSettings.model_fields),
}
"""Sections → keys."""


def reread(path: Path, running: Settings) -> Settings:
    """The file as it is now, but for what needs a restart. Raises SettingsError with every mistake."""
    return taken_up(load(path).settings, running)


def taken_up(given: Settings, running: Settings) -> Settings:
    """``given``, with the running values of what needs a restart."""
    kept = {
        section: getattr(given, section).model_copy(
            update={key: getattr(getattr(running, section), key) for key in keys}
        )
        for section, keys in NEEDS_A_RESTART.items()
    }
    return given.model_copy(update=kept)
