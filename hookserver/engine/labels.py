"""The labels of everything that hookserver makes in Docker, by which it finds its own again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

STATE_DIR = "hookserver.state_dir"
"""Which installation made it; two on one engine never touch each other's."""
APP = "hookserver.app"
DEPLOY = "hookserver.deploy"
COMMIT = "hookserver.commit"
NAME = "hookserver.name"
"""Of a container, its own name: see ``of_ours``."""
MARK = "hookserver.mark"
"""Of an image, the mark of its record: see ``builders/image_records.py``."""
ROLE = "hookserver.role"
SLOT = "hookserver.slot"
ROUTE = "hookserver.route"


def label_set(state_dir: Path, role: str, app: str = "", **more: object) -> dict[str, str]:
    """The labels of an object with this role; ``more`` is keyed by the part after ``hookserver.``."""
    owner = {STATE_DIR: str(state_dir), ROLE: role, **({APP: app} if app else {})}
    return {**owner, **{f"hookserver.{key}": str(value) for key, value in more.items()}}


def of_ours(containers: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Those of Docker's list whose label ``NAME`` is their name.

    A container has its image's labels, too, and anybody can make an image with ours. No image names its containers.
    """
    return [
        dict(container)
        for container in containers
        if f"/{(container.get('Labels') or {}).get(NAME)}" in (container.get("Names") or [])
    ]


def label_filter(labels: Mapping[str, object]) -> dict[str, list[str]]:
    """The ``filters`` of Docker's list calls for objects with all of these labels; a label of None is left out."""
    return {"label": [f"{label}={value}" for label, value in labels.items() if value is not None]}
