"""The digest of the settings in an image's label, and the limits of a build; images themselves need Docker."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hookserver.builders import DockerImages, images
from hookserver.builders.job import BuildJob
from hookserver.config import AppSettings, DockerSettings
from hookserver.deploy_log import DeployLog
from hookserver.errors import BuildError
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


def _job(folder: Path, *, started: float) -> BuildJob:
    given = {"name": "shop", "repository": "push", "domains": ["shop.example.com"], "build": {"timeout": "1m"}}
    return BuildJob(AppSettings.model_validate(given), 1, "c" * 40, folder, folder / "work", started=started)


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """``build(action)``: a build in whose place ``action`` runs; its time began ``ago`` seconds before."""

    def run(action: Callable[[], object], ago: float = 0.0) -> str:
        monkeypatch.setattr(images.DockerImages, "_build", lambda *_: action())
        log = DeployLog(tmp_path / "log")
        try:
            made = DockerImages(DockerSettings(), StateDir(tmp_path), "salt")
            return made.build(_job(tmp_path, started=time.monotonic() - ago), log)
        finally:
            log.close()

    return run


def test_build_runs_in_a_process_of_its_own(build: Callable[..., str]) -> None:
    assert build(lambda: str(os.getpid())) != str(os.getpid())


def test_build_that_hangs_on_the_host_is_stopped_at_its_timeout(build: Callable[..., str]) -> None:
    with pytest.raises(BuildError, match=r"the build was stopped: it did not end within") as caught:
        build(lambda: time.sleep(60), ago=69.5)
    assert caught.value.remedy == "Raise build.timeout (now 1m) if it needs longer."


def test_build_that_needs_the_memory_of_the_host_is_stopped(build: Callable[..., str]) -> None:
    with pytest.raises(BuildError, match="needs more than 512 MB of memory on this machine"):
        build(lambda: len(bytes(600 << 20)))


def test_time_of_a_build_counts_from_the_beginning_of_its_step(tmp_path: Path) -> None:
    assert 49 < _job(tmp_path, started=time.monotonic() - 10).seconds_left() <= 50
    assert _job(tmp_path, started=time.monotonic() - 100).seconds_left() == 0
