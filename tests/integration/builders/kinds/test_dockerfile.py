"""Projects that bring a Dockerfile, built by Docker's classic builder."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from hookserver.errors import BuildError
from tests.integration.builders.conftest import TOMCAT, Site

DOCKERFILE = f"FROM {TOMCAT}\nCOPY pages/ /usr/local/tomcat/webapps/ROOT/\n"
PAGES = {"pages/index.html": "shop", "pages/secret.txt": "x", ".dockerignore": "# ours\npages/secret.txt\n"}


def test_its_tomcat_gets_our_settings_and_the_dockerignore_holds(site: Site) -> None:
    image, log = site.build(site.job({"Dockerfile": DOCKERFILE, **PAGES}))
    assert f"Dockerfile from {TOMCAT}: dockerfile" in log
    assert "COPY pages/" in log
    labels = site.inspect(image)["Config"]["Labels"]
    assert labels["hookserver.role"] == "image"
    with site.running(image) as (container, _):
        shown = site.client.exec_create(container, ["sh", "-c", "ls webapps/ROOT; cat conf/server.xml"])["Id"]
        output = site.client.exec_start(shown).decode()
    assert output.startswith("index.html\n<?xml")
    assert 'jvmRoute="${hookserver.route}"' in output


def test_a_tomcat_on_a_java_without_a_compiler_gets_our_addition_too(site: Site) -> None:
    image, log = site.build(site.job({"Dockerfile": f"FROM {TOMCAT}\nRUN rm $JAVA_HOME/bin/javac\n"}))
    assert "cannot compile" not in log
    with site.running(image) as (container, _):
        shown = site.client.exec_create(container, ["cat", "conf/server.xml"])["Id"]
        assert "hookserver.Elsewhere" in site.client.exec_start(shown).decode()


def test_a_step_that_fails_is_shown(site: Site) -> None:
    with pytest.raises(BuildError) as caught:
        site.build(site.job({"Dockerfile": f"FROM {TOMCAT}\nRUN echo no compiler here >&2 && exit 4\n"}))
    assert "returned a non-zero code: 4" in caught.value.problem
    assert "no compiler here" in caught.value.problem


def test_a_copy_from_outside_shows_dockers_own_words(site: Site) -> None:
    with pytest.raises(BuildError, match=r"(?i)forbidden path outside the build context"):
        site.build(site.job({"Dockerfile": f"FROM {TOMCAT}\nCOPY ../../etc/passwd /x\n"}))


def test_a_dockerfile_that_is_none_is_told(site: Site) -> None:
    with pytest.raises(BuildError, match=r"(?i)unknown instruction"):
        site.build(site.job({"Dockerfile": f"FROM {TOMCAT}\nCOMPILE everything\n"}))


def test_a_step_that_never_ends_is_stopped(site: Site) -> None:
    job = site.job({"Dockerfile": f"FROM {TOMCAT}\nRUN echo waiting && sleep 300\n"}, build={"timeout": "3s"})
    began = time.monotonic()
    with pytest.raises(BuildError, match="stopped after 3s"):
        site.build(job)
    assert time.monotonic() - began < 20


def test_a_step_that_needs_more_memory_is_told_which_key_to_raise(site: Site) -> None:
    dockerfile = f"FROM {TOMCAT}\nRUN head -c 200m /dev/zero | tail -c 150m >/dev/null\n"
    with pytest.raises(BuildError) as caught:
        site.build(site.job({"Dockerfile": dockerfile}, build={"memory": "64m"}))
    assert "build.memory" in caught.value.remedy


def test_buildkits_own_syntax_is_built_by_buildx(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_buildkits_own_syntax_without_buildx_is_told(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    dockerfile = f"FROM {TOMCAT}\nRUN --mount=type=cache,target=/root/.m2 mvn package\n"
    with pytest.raises(BuildError, match="RUN --mount, which needs BuildKit"):
        site.build(site.job({"Dockerfile": dockerfile}))
