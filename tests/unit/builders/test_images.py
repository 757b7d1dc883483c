"""The digest of the settings in an image's label; images themselves need Docker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hookserver.builders import DockerImages, images
from hookserver.builders.job import BuildJob
from hookserver.config import AppSettings, DockerSettings
from hookserver.state.state_dir import StateDir


@pytest.fixture
def requested(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The labels of the images that are looked for; there are none."""
    labels: list[dict[str, Any]] = []

    def find(engine: object, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        labels.append(wanted)
        return []

    monkeypatch.setattr(images, "find_images", find)
    monkeypatch.setattr(images, "image_id", lambda *_: "sha256:base")
    return labels


def find(folder: Path, salt: str, **build: object) -> None:
    given = {"name": "shop", "repository": "push", "domains": ["shop.example.com"], "build": build}
    job = BuildJob(AppSettings.model_validate(given), 1, "c" * 40, folder, folder)
    assert DockerImages(DockerSettings(), StateDir(folder), salt).existing(job) is None


def test_digest_of_build_secrets_depends_on_the_salt(tmp_path: Path, requested: list[dict[str, Any]]) -> None:
    for salt in ("salt", "salt", "other"):
        find(tmp_path, salt, env={"REPO_PASSWORD": "guessable"})
    first, again, other = (labels["hookserver.build"] for labels in requested)
    assert first == again != other


def test_changed_build_secret_needs_another_image(tmp_path: Path, requested: list[dict[str, Any]]) -> None:
    for secret in ("one", "two"):
        find(tmp_path, "salt", env={"REPO_PASSWORD": secret})
    first, second = (labels["hookserver.build"] for labels in requested)
    assert first != second
