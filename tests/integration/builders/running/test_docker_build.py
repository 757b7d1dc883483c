"""Dockerfiles, built with Docker's classic builder."""

from __future__ import annotations

import time

import pytest

from hookserver.builders.running import build_cgroup
from hookserver.builders.running.build_cgroup import ROOT, cgroup_name
from hookserver.errors import BuildError
from tests.integration.builders.conftest import TOMCAT, BuildSite


def test_failed_step_is_in_the_error(site: BuildSite) -> None:
    with pytest.raises(BuildError) as caught:
        site.build(site.dockerfile(f"FROM {TOMCAT}\nRUN echo no compiler here >&2 && exit 4\n"))
    assert "returned a non-zero code: 4" in caught.value.problem
    assert "no compiler here" in caught.value.problem


def test_copy_from_outside_is_refused_in_the_words_of_docker(site: BuildSite) -> None:
    with pytest.raises(BuildError, match=r"(?i)forbidden path outside the build context"):
        site.build(site.dockerfile(f"FROM {TOMCAT}\nCOPY ../../etc/passwd /x\n"))


def test_malformed_dockerfile_is_refused(site: BuildSite) -> None:
    with pytest.raises(BuildError, match=r"(?i)unknown instruction"):
        site.build(site.dockerfile(f"FROM {TOMCAT}\nCOMPILE everything\n"))


def test_step_that_never_ends_is_stopped(site: BuildSite) -> None:
    job = site.job(
        {"Dockerfile": f"FROM {TOMCAT}\nRUN echo waiting && sleep 300\n"}, build={"kind": "dockerfile", "timeout": "3s"}
    )
    began = time.monotonic()
    with pytest.raises(BuildError, match="stopped after 3s"):
        site.build(job)
    assert time.monotonic() - began < 20


def test_step_without_enough_memory_names_the_setting_to_raise(site: BuildSite) -> None:
    dockerfile = f"FROM {TOMCAT}\nRUN head -c 200m /dev/zero | tail -c 150m >/dev/null\n"
    with pytest.raises(BuildError) as caught:
        site.build(site.dockerfile(dockerfile, memory="64m"))
    assert "build.memory" in caught.value.remedy


def test_steps_run_below_a_cgroup_with_the_limits_that_is_removed_after_the_build(site: BuildSite) -> None:
    job = site.dockerfile(f"FROM {TOMCAT}\nRUN cat /proc/self/cgroup; : {site.app} classic\n")
    _, log = site.build(job)
    name = cgroup_name(site.root, job.deploy, is_slice=False)
    for controller in ("pids", "memory", "cpu"):
        assert f"{controller}:/{name}/" in log
    assert list(ROOT.glob(f"**/{name}")) == []


def test_step_that_starts_too_many_processes_fails(site: BuildSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build_cgroup, "PROCESSES", 40)
    with pytest.raises(BuildError, match=r"(?i)cannot fork|resource temporarily unavailable"):
        site.build(site.dockerfile(f"FROM {TOMCAT}\nRUN for i in $(seq 100); do sleep 3 & done; wait\n"))


def test_cgroup_of_a_killed_deploy_is_removed_as_a_leftover(site: BuildSite) -> None:
    name = cgroup_name(site.root, 9_998, is_slice=False)
    for controller in ("pids", "memory", "devices"):
        (ROOT / controller / name / "left").mkdir(parents=True)
    other = ROOT / "pids" / cgroup_name(site.root / "other", 9_998, is_slice=False)
    other.mkdir()
    try:
        site.images.remove_leftovers(9_997)
        assert len(list(ROOT.glob(f"*/{name}"))) == 3
        site.images.remove_leftovers()
        assert list(ROOT.glob(f"*/{name}")) == []
        assert other.is_dir()
    finally:
        other.rmdir()
