"""Dockerfiles, built with Docker's classic builder."""

from __future__ import annotations

import time

import pytest

from hookserver.errors import BuildError
from tests.integration.builders.conftest import TOMCAT, BuildSite


def test_failed_step_is_in_the_error(site: BuildSite) -> None:
    with pytest.raises(BuildError) as caught:
        site.build(site.job({"Dockerfile": f"FROM {TOMCAT}\nRUN echo no compiler here >&2 && exit 4\n"}))
    assert "returned a non-zero code: 4" in caught.value.problem
    assert "no compiler here" in caught.value.problem


def test_copy_from_outside_is_refused_in_the_words_of_docker(site: BuildSite) -> None:
    with pytest.raises(BuildError, match=r"(?i)forbidden path outside the build context"):
        site.build(site.job({"Dockerfile": f"FROM {TOMCAT}\nCOPY ../../etc/passwd /x\n"}))


def test_malformed_dockerfile_is_refused(site: BuildSite) -> None:
    with pytest.raises(BuildError, match=r"(?i)unknown instruction"):
        site.build(site.job({"Dockerfile": f"FROM {TOMCAT}\nCOMPILE everything\n"}))


def test_step_that_never_ends_is_stopped(site: BuildSite) -> None:
    job = site.job({"Dockerfile": f"FROM {TOMCAT}\nRUN echo waiting && sleep 300\n"}, build={"timeout": "3s"})
    began = time.monotonic()
    with pytest.raises(BuildError, match="stopped after 3s"):
        site.build(job)
    assert time.monotonic() - began < 20


def test_step_without_enough_memory_names_the_setting_to_raise(site: BuildSite) -> None:
    dockerfile = f"FROM {TOMCAT}\nRUN head -c 200m /dev/zero | tail -c 150m >/dev/null\n"
    with pytest.raises(BuildError) as caught:
        site.build(site.job({"Dockerfile": dockerfile}, build={"memory": "64m"}))
    assert "build.memory" in caught.value.remedy
