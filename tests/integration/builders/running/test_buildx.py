"""Dockerfiles for BuildKit. The stand-in for ``docker buildx`` is the classic builder, which knows cgroup parents."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hookserver.builders.running.build_cgroup import cgroup_name
from hookserver.engine.client import Engine
from hookserver.engine.metadata_address import set_reachable
from hookserver.engine.network import default_subnet
from hookserver.errors import BuildError
from tests.integration.builders.conftest import TOMCAT, BuildSite
from tests.integration.builders.kinds.test_dockerfile import DOCKERFILE, PAGES

IGNORES = 'for one; do shift; case "$one" in --cgroup-parent=*) ;; *) set -- "$@" "$one";; esac; done\n'


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, options: str = "") -> None:
    """A ``docker`` whose ``buildx build`` builds, after the shell command ``options`` has changed its arguments."""
    program = folder / "docker"
    program.write_text(
        "#!/bin/sh\n"
        '[ "$1 $2" = "buildx version" ] && exit 0\n'
        "shift 2\n"  # buildx build
        f"{options}"
        f'docker() {{ DOCKER_BUILDKIT=0 {shutil.which("docker")} build --force-rm "$@"; }}\n'
        'case "$*" in *--metadata-file=*) ;; *) docker "$@"; exit;; esac\n'
        "metadata=${3#--metadata-file=}\n"
        "shift 3\n"  # --progress=plain --load --metadata-file=…
        'docker --iidfile="$metadata.id" "$@" || exit\n'
        """echo "{\\"containerimage.config.digest\\": \\"$(cat "$metadata.id")\\"}" >"$metadata"\n"""
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


@pytest.fixture(autouse=True)
def closed_default_network() -> Iterator[None]:
    """A build by buildx closes the metadata address for Docker's default network."""
    yield
    engine = Engine("")
    set_reachable(engine, default_subnet(engine), True)
    engine.close()


def test_syntax_of_buildkit_is_built_by_buildx(
    site: BuildSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch)
    image, log = site.build(site.dockerfile(f"# syntax=docker/dockerfile:1\n{DOCKERFILE}", PAGES))
    assert "built by docker buildx" in log
    assert site.inspect(image)["Config"]["Labels"]["hookserver.role"] == "image"
    with pytest.raises(BuildError, match="exit 5"):
        site.build(site.dockerfile(f"# syntax=docker/dockerfile:1\nFROM {TOMCAT}\nRUN exit 5\n"))


def test_steps_of_buildx_run_below_the_cgroup_and_cannot_reach_the_metadata_address(
    site: BuildSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch)
    step = f"RUN cat /proc/self/cgroup; : {site.app} buildx"
    job = site.dockerfile(f"# syntax=docker/dockerfile:1\nFROM {TOMCAT}\n{step}\n")
    _, log = site.build(job)
    assert f"pids:/{cgroup_name(site.root, job.deploy, is_slice=False)}/" in log
    rules = subprocess.run(["ip", "rule"], capture_output=True, text=True, check=True).stdout
    assert f"from {default_subnet(Engine(''))} to 169.254.0.0/16 unreachable" in rules


def test_buildkit_that_ignores_the_cgroup_is_refused_before_any_step_runs(
    site: BuildSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, IGNORES)
    job = site.dockerfile(f"# syntax=docker/dockerfile:1\nFROM {TOMCAT}\nRUN echo it runs\n")
    with pytest.raises(BuildError, match="ignores --cgroup-parent"):
        site.build(job)
    assert "it runs" not in site.log(job)


def test_syntax_of_buildkit_without_buildx_is_refused(site: BuildSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    dockerfile = f"FROM {TOMCAT}\nRUN --mount=type=cache,target=/root/.m2 mvn package\n"
    with pytest.raises(BuildError, match="RUN --mount, which needs BuildKit"):
        site.build(site.dockerfile(dockerfile))
