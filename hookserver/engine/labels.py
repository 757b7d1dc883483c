"""The labels of everything that hookserver makes in Docker, by which it finds its own again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

STATE_DIR = "hookserver.state_dir"
"""Which installation made it; two on one engine never touch each other's."""
APP = "hookserver.app"
DEPLOY = "hookserver.deploy"
COMMIT = "hookserver.commit"
IMAGE = "hookserver.image"
BUILD = "hookserver.build"
LIBRARY = "hookserver.library"
FACTS = "hookserver.facts"
ROLE = "hookserver.role"
SLOT = "hookserver.slot"
ROUTE = "hookserver.route"


def label_set(state_dir: Path, role: str, app: str = "", **more: object) -> dict[str, str]:
    """The labels of an object with this role; ``more`` is keyed by the part after ``hookserver.``."""
    owner = {STATE_DIR: str(state_dir), ROLE: role, **({APP: app} if app else {})}
    return {**owner, **{f"hookserver.{key}": str(value) for key, value in more.items()}}


def label_filter(labels: Mapping[str, object]) -> dict[str, list[str]]:
    """The ``filters`` of Docker's list calls for objects with all of these labels; a label of None is left out."""
    return {"label": [f"{label}={value}" for label, value in labels.items() if value is not None]}
