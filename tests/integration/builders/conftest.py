"""Real builds: one folder of hookserver's, one app, whose containers, images and volumes are removed at the end."""

from __future__ import annotations

import io
import itertools
import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from pathlib import Path
from types import MappingProxyType
from typing import Any

import docker
import pytest

from hookserver.builders import BuildJob, DockerImages
from hookserver.config import AppSettings, DockerSettings
from hookserver.deploy_log import DeployLog
from hookserver.engine.client import Engine
from hookserver.engine.network import ensure_network
from hookserver.state.state_dir import StateDir
from tests.shop.leftovers import remove_all, state_dirs

CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
SUBNET = IPv4Network("172.30.123.0/27")
"""Of the network on which the builds run, and what they have made."""
TOMCAT = "tomcat:10.1-jdk17-temurin"


@dataclass(frozen=True)
class BuildSite:
    """The place where tests build."""

    client: docker.APIClient
    images: DockerImages
    root: Path
    app: str
    deploys: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def job(self, files: Mapping[str, str | bytes], *, commit: str = "", rebuild: bool = False, **app: Any) -> BuildJob:
        """A job for a source of these files; ``app`` are settings of the app's."""
        deploy = next(self.deploys)
        work = self.root / "work" / str(deploy)
        for name, content in files.items():
            file = work / "source" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        (work / "source").mkdir(parents=True, exist_ok=True)
        settings = AppSettings.model_validate(
            {"name": self.app, "repository": "push", "domains": ["shop.example.com"], **app}
        )
        return BuildJob(settings, deploy, commit or f"{deploy:040x}", work / "source", work, SUBNET, rebuild)

    def dockerfile(self, text: str, files: Mapping[str, str | bytes] = MappingProxyType({}), **build: Any) -> BuildJob:
        """A job for a project with this Dockerfile; ``build`` are settings of its build."""
        return self.job({"Dockerfile": text, **files}, build={"kind": "dockerfile", **build})

    def build(self, job: BuildJob) -> tuple[str, str]:
        """The image's id and the log's text."""
        log = DeployLog(self.log_file(job))
        try:
            return self.images.build(job, log), self.log(job)
        finally:
            log.close()

    def log_file(self, job: BuildJob) -> Path:
        return self.root / "logs" / f"{job.deploy}.log"

    def log(self, job: BuildJob) -> str:
        return self.log_file(job).read_text(encoding="utf-8")

    def inspect(self, image: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.inspect_image(image)
        return answer

    def containers(self) -> list[str]:
        """The names of all containers of ours."""
        found = self.client.containers(all=True, filters={"label": f"hookserver.state_dir={self.root}"})
        return [name for container in found for name in container["Names"]]

    @contextmanager
    def running(self, image: str, **env: str) -> Iterator[tuple[str, str]]:
        """A container of the image; yields its id and its address."""
        labels = {"hookserver.state_dir": str(self.root), "hookserver.role": "test"}
        network = ensure_network(Engine(""), SUBNET, self.root)
        host = self.client.create_host_config(mem_limit=512 << 20, network_mode=network)
        made = self.client.create_container(image, labels=labels, environment=env, host_config=host)["Id"]
        try:
            self.client.start(made)
            networks = self.client.inspect_container(made)["NetworkSettings"]["Networks"]
            yield made, networks[network]["IPAddress"]
        finally:
            self.client.remove_container(made, force=True, v=True)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuildSite]:
    root = tmp_path_factory.mktemp("site")
    client = docker.APIClient()
    for killed in state_dirs(client, str(SUBNET)):
        remove_all(client, f"hookserver.state_dir={killed}")
    made = BuildSite(client, DockerImages(DockerSettings(), StateDir(root), "salt"), root, f"t-{os.getpid()}")
    try:
        yield made
    finally:
        made.images.close()
        remove_all(client, f"hookserver.state_dir={root}")
        client.close()


def war(files: Mapping[str, str | bytes]) -> bytes:
    """A WAR with these files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 2, 3, 4, 6)), content)
    return packed.getvalue()
