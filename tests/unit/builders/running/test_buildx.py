"""The end of a buildx build, with a docker command that leaves its work to a child, as the real one does."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import time
from collections.abc import Callable
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from hookserver.builders.job import BuildJob
from hookserver.builders.running import buildx
from hookserver.builders.running.build_cgroup import Cgroup
from hookserver.builders.running.tools import BuildTools, build_tools
from hookserver.config import AppSettings, DockerSettings
from hookserver.deploy_log import DeployLog
from hookserver.errors import BuildError
from hookserver.state.deploy_processes import kill_orphans
from hookserver.state.state_dir import StateDir

SUBNET = IPv4Network("172.30.240.0/27")
CGROUP = Cgroup("hookserver_test_7", 1, is_slice=False)

SLEEPS = "echo working\necho $$ >{pid}\nsleep 60"


@pytest.fixture
def tools(tmp_path: Path) -> BuildTools:
    return build_tools(DockerSettings(allow_metadata=True), StateDir(tmp_path))


@pytest.fixture
def pid_file(tmp_path: Path) -> Path:
    return tmp_path / "pid"


def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, build: str, version: str = "exit 0") -> None:
    """A `docker` whose plugin does ``build``, or answers ``version``; its steps are limited."""
    probe = f'case "$*" in *{tmp_path}/probe) echo "$@" >>{tmp_path}/probes; exit 1;; esac'
    (tmp_path / "plugin").write_text(f'[ "$1" = version ] && {{ {version}\n}}\n{probe}\n{build}\n')
    times = itertools.count()
    monkeypatch.setattr(buildx, "cpu_time", lambda _cgroup: next(times))
    docker = tmp_path / "bin/docker"
    docker.parent.mkdir()
    docker.write_text(f'#!/bin/sh\nshift\nsh {tmp_path}/plugin "$@" &\nwait $!\n')
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{docker.parent}:{os.environ['PATH']}")


def build(tools: BuildTools, tmp_path: Path, timeout: str = "1m") -> str:
    app = {"name": "shop", "repository": "push", "domains": ["shop.example.com"], "build": {"timeout": timeout}}
    job = BuildJob(AppSettings.model_validate(app), 7, "c" * 40, tmp_path, tmp_path, SUBNET)
    with contextlib.closing(DeployLog(tmp_path / "log")) as log:
        return buildx.build_with_buildx(tools, job, "RUN --mount", CGROUP, {}, log)


def is_gone(pid_file: Path) -> bool:
    try:
        return not Path(f"/proc/{int(pid_file.read_text())}/cmdline").read_bytes()
    except FileNotFoundError:
        return True


def test_at_its_timeout_the_plugin_ends_too(
    tools: BuildTools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pid_file: Path
) -> None:
    stand_in(tmp_path, monkeypatch, SLEEPS.format(pid=pid_file))
    began = time.monotonic()
    with pytest.raises(BuildError, match="stopped after 1s; its last lines:\n  working"):
        build(tools, tmp_path, timeout="1s")
    assert time.monotonic() - began < 10
    assert is_gone(pid_file)


def test_build_of_a_killed_deploy_is_found_by_its_tag(
    tools: BuildTools,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pid_file: Path,
    eventually: Callable[..., object],
) -> None:
    stand_in(tmp_path, monkeypatch, SLEEPS.format(pid=pid_file))
    deploys = multiprocessing.get_context("fork").Process(target=build, args=(tools, tmp_path))
    deploys.start()
    eventually(lambda: pid_file.exists() and pid_file.read_text())
    deploys.kill()
    deploys.join()
    assert not is_gone(pid_file)
    assert kill_orphans(StateDir(tmp_path).tag(7)) >= 2
    assert is_gone(pid_file)


def test_build_ends_when_its_log_cannot_be_written(
    tools: BuildTools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pid_file: Path
) -> None:
    def full(_log: DeployLog, line: str) -> None:
        if line == "working":
            raise OSError("no space left")

    stand_in(tmp_path, monkeypatch, SLEEPS.format(pid=pid_file))
    monkeypatch.setattr(DeployLog, "line", full)
    with pytest.raises(OSError, match="no space left"):
        build(tools, tmp_path)
    assert is_gone(pid_file)


def test_buildx_that_does_not_answer_is_refused(
    tools: BuildTools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pid_file: Path
) -> None:
    monkeypatch.setattr(buildx, "_VERSION_TIMEOUT", 1.0)
    stand_in(tmp_path, monkeypatch, "exit 0", version=SLEEPS.format(pid=pid_file))
    with pytest.raises(BuildError, match="`docker buildx version` did not answer within 1 s"):
        build(tools, tmp_path)
    assert is_gone(pid_file)


def test_last_line_without_newline_is_in_the_error(
    tools: BuildTools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, "printf 'first\\nERROR: last'\nexit 1")
    with pytest.raises(BuildError, match="build failed: ERROR: last\n  first\n  ERROR: last"):
        build(tools, tmp_path)


@pytest.mark.parametrize("known", ["sha256:image", "sha256:config"])
def test_image_is_found_by_either_of_its_digests(
    tools: BuildTools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: str
) -> None:
    """The containerd image store by its manifest's, the older one by its configuration's."""
    metadata = '{"containerimage.config.digest": "sha256:config", "containerimage.digest": "sha256:image"}'
    stand_in(tmp_path, monkeypatch, f"echo '{metadata}' >{tmp_path}/image.json\nexit 0")
    monkeypatch.setattr(buildx, "image_id", lambda _engine, digest: digest if digest == known else "")
    assert build(tools, tmp_path) == known


def test_image_on_another_engine_is_refused_with_the_remedy(
    tools: BuildTools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, f"echo '{{}}' >{tmp_path}/image.json\nexit 0")
    with pytest.raises(BuildError, match="docker buildx use default"):
        build(tools, tmp_path)


def test_buildx_gets_the_connection_of_the_engine_and_none_of_our_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    monkeypatch.setenv("DOCKER_CERT_PATH", "/certs")
    monkeypatch.setenv("HOOKSERVER_TOKEN", "secret")
    settings = DockerSettings(host="tcp://10.0.0.1:2376", allow_metadata=True)
    stand_in(tmp_path, monkeypatch, f"env >{tmp_path}/env\nexit 1")
    with pytest.raises(BuildError, match="the Dockerfile's build failed"):
        build(build_tools(settings, StateDir(tmp_path)), tmp_path)
    lines = (tmp_path / "env").read_text().splitlines()
    assert {"DOCKER_HOST=tcp://10.0.0.1:2376", "DOCKER_TLS_VERIFY=1", "DOCKER_CERT_PATH=/certs"} <= set(lines)
    assert not [line for line in lines if "secret" in line]


def test_steps_run_below_the_cgroup_of_the_build(
    tools: BuildTools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, f'echo "$@" >{tmp_path}/options\nexit 1')
    with pytest.raises(BuildError, match="the Dockerfile's build failed"):
        build(tools, tmp_path)
    for file in ("probes", "options"):
        assert "--cgroup-parent=/hookserver_test_7" in (tmp_path / file).read_text()


def test_buildkit_that_ignores_the_cgroup_is_refused_before_the_build(
    tools: BuildTools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, f"touch {tmp_path}/built")
    monkeypatch.setattr(buildx, "cpu_time", lambda _cgroup: 0)
    with pytest.raises(BuildError, match="ignores --cgroup-parent") as refused:
        build(tools, tmp_path)
    assert "Update Docker to 23" in refused.value.remedy
    assert not (tmp_path / "built").exists()
