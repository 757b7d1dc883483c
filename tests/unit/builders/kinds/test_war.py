"""Prebuilt WARs: which one is taken."""

from __future__ import annotations

import contextlib
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest

from hookserver.builders.job import BuildJob, War
from hookserver.builders.kinds import war
from hookserver.builders.running.tools import build_tools
from hookserver.config import AppSettings, DockerSettings
from hookserver.deploy_log import DeployLog
from hookserver.errors import BuildError
from hookserver.state.state_dir import StateDir

SUBNET = IPv4Network("172.30.240.0/27")


def job_of(tmp_path: Path, *files: str, **build: Any) -> BuildJob:
    source = tmp_path / "source"
    source.mkdir(exist_ok=True)
    for name in files:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name)
    app = {"name": "shop", "repository": "push", "domains": ["shop.example.com"], "build": {"kind": "war", **build}}
    return BuildJob(AppSettings.model_validate(app), 1, "c" * 40, source, tmp_path, SUBNET)


def make(job: BuildJob) -> War:
    tools = build_tools(DockerSettings(host="tcp://127.0.0.1:1"), StateDir(job.work))
    with contextlib.closing(DeployLog(job.work / "log")) as log:
        return war.make(tools, job, log)


def test_kind_fits_a_source_with_wars_in_the_usual_folders(tmp_path: Path) -> None:
    assert war.recognise(job_of(tmp_path, "src/test/a.war").source) == ""
    source = job_of(tmp_path, "dist/shop.war", "shop.war").source
    assert war.recognise(source) == "a prebuilt WAR, shop.war, dist/shop.war"


def test_only_war_in_the_usual_folders_is_accepted(tmp_path: Path) -> None:
    assert make(job_of(tmp_path, "dist/shop.war", "src/a.war")).path == tmp_path / "source/dist/shop.war"


def test_war_of_the_settings_is_taken_from_any_folder(tmp_path: Path) -> None:
    job = job_of(tmp_path, "dist/shop.war", "src/a.war", war="src/*.war")
    assert make(job).path == tmp_path / "source/src/a.war"


@pytest.mark.parametrize(
    ("files", "build", "problem"),
    [
        (["a.war", "b.war"], {}, "several WARs: a.war, b.war"),
        ([], {}, r"no WAR in the repository \(a \*\.war file"),
        (["a.war"], {"war": "web/*.war"}, r"no WAR in the repository \(build\.war = 'web/\*\.war'\)"),
    ],
)
def test_no_war_and_several_are_refused(tmp_path: Path, files: list[str], build: dict[str, str], problem: str) -> None:
    with pytest.raises(BuildError, match=problem) as caught:
        make(job_of(tmp_path, *files, **build))
    assert "build.war" in caught.value.remedy


def test_fingerprint_changes_with_a_war_on_the_host_only(tmp_path: Path) -> None:
    file = tmp_path / "host.war"
    on_host = job_of(tmp_path, war=str(file))
    with pytest.raises(BuildError, match=r"build\.war cannot be read"):
        war.fingerprint(on_host)
    file.write_text("1")
    first = war.fingerprint(on_host)
    file.write_text("2")
    assert war.fingerprint(on_host) != first != ""
    assert war.fingerprint(job_of(tmp_path, "shop.war")) == ""
    assert make(on_host).path == file
