"""The digest by which an image is known, and the limits of a build; images themselves need Docker."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from hookserver.builders import DockerImages, images
from hookserver.builders.image_records import ImageRecord, ImageRecords
from hookserver.builders.job import BuildJob
from hookserver.config import AppSettings, DockerSettings
from hookserver.deploy_log import DeployLog
from hookserver.errors import BuildError
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


def _job(folder: Path, *, started: float) -> BuildJob:
    given = {"name": "shop", "repository": "push", "domains": ["shop.example.com"], "build": {"timeout": "1m"}}
    return BuildJob(AppSettings.model_validate(given), 1, "c" * 40, folder, folder / "work", SUBNET, started=started)


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
