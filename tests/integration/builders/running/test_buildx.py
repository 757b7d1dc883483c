"""Dockerfiles for BuildKit. The stand-in for ``docker buildx`` builds with the classic builder."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from hookserver.errors import BuildError
from tests.integration.builders.conftest import TOMCAT, BuildSite
from tests.integration.builders.kinds.test_dockerfile import DOCKERFILE, PAGES


def test_syntax_of_buildkit_is_built_by_buildx(
    site: BuildSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in = tmp_path / "docker"
    stand_in.write_text(
        "#!/bin/sh\n"
        '[ "$1 $2" = "buildx version" ] && exit 0\n'
        "metadata=${5#--metadata-file=}\n"
        "shift 5\n"  # buildx build --progress=plain --load --metadata-file=…
        f'DOCKER_BUILDKIT=0 {shutil.which("docker")} build --force-rm --iidfile="$metadata.id" "$@" || exit\n'
        """echo "{\\"containerimage.config.digest\\": \\"$(cat "$metadata.id")\\"}" >"$metadata"\n"""
    )
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    image, log = site.build(site.job({"Dockerfile": f"# syntax=docker/dockerfile:1\n{DOCKERFILE}", **PAGES}))
    assert "built by docker buildx" in log
    assert site.inspect(image)["Config"]["Labels"]["hookserver.role"] == "image"
    with pytest.raises(BuildError, match="exit 5"):
        site.build(site.job({"Dockerfile": f"# syntax=docker/dockerfile:1\nFROM {TOMCAT}\nRUN exit 5\n"}))


def test_syntax_of_buildkit_without_buildx_is_refused(site: BuildSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    dockerfile = f"FROM {TOMCAT}\nRUN --mount=type=cache,target=/root/.m2 mvn package\n"
    with pytest.raises(BuildError, match="RUN --mount, which needs BuildKit"):
        site.build(site.job({"Dockerfile": dockerfile}))
