"""The digest by which an image is known; images themselves need Docker."""

from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path

import pytest

from hookserver.builders import DockerImages, images
from hookserver.builders.image_records import ImageRecord, ImageRecords
from hookserver.builders.job import BuildJob
from hookserver.config import AppSettings, DockerSettings
from hookserver.state.state_dir import StateDir

SUBNET = IPv4Network("172.30.240.0/27")


@pytest.fixture
def requested(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The digests of the images that are searched for; there are none."""
    digests: list[str] = []

    def find(records: ImageRecords, app: str, role: str, key: str) -> list[ImageRecord]:
        digests.append(key)
        return []

    monkeypatch.setattr(ImageRecords, "find", find)
    monkeypatch.setattr(images, "image_id", lambda *_: "sha256:base")
    return digests


def find(folder: Path, salt: str, commit: str = "c" * 40, **build: object) -> None:
    given = {"name": "shop", "repository": "push", "domains": ["shop.example.com"], "build": build}
    job = BuildJob(AppSettings.model_validate(given), 1, commit, folder, folder, SUBNET)
    assert DockerImages(DockerSettings(), StateDir(folder), salt).existing(job) is None


def test_digest_of_build_secrets_depends_on_the_salt(tmp_path: Path, requested: list[str]) -> None:
    for salt in ("salt", "salt", "other"):
        find(tmp_path, salt, env={"REPO_PASSWORD": "guessable"})
    first, again, other = requested
    assert first == again != other


def test_changed_build_secret_needs_another_image(tmp_path: Path, requested: list[str]) -> None:
    for secret in ("one", "two"):
        find(tmp_path, "salt", env={"REPO_PASSWORD": secret})
    first, second = requested
    assert first != second


def test_another_commit_needs_another_image(tmp_path: Path, requested: list[str]) -> None:
    for commit in ("c" * 40, "d" * 40):
        find(tmp_path, "salt", commit)
    first, second = requested
    assert first != second
