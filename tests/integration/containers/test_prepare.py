"""The app's own command, once, in the new image."""

from __future__ import annotations

import threading
import time
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from docker import APIClient
from docker.types import LogConfig

from hookserver.config import AppSettings
from hookserver.containers.prepare import run_prepare
from hookserver.errors import ContainerError
from tests.integration.containers.conftest import APP_SUBNET, BASE, MINE, ReplicaSite


def app_with(installation: ReplicaSite, prepare: str, **release: Any) -> AppSettings:
    facts = {"name": installation.name, "repository": "push", "domains": ["shop.example.com"]}
    return AppSettings.model_validate(facts | {"release": {"prepare": prepare, **release}})


def left(api: APIClient, installation: ReplicaSite) -> list[str]:
    label = f"hookserver.state_dir={installation.state_dir}"
    return [found["Names"][0] for found in api.containers(all=True, filters={"label": label})]


def test_prepare_reports_its_lines_while_it_runs_and_leaves_nothing(api: APIClient, installation: ReplicaSite) -> None:
    output: list[tuple[float, str]] = []
    script = 'echo "app $HOOKSERVER_APP"; echo oops >&2; sleep 1; printf done'
    app = app_with(installation, script)
    installation.containers.prepare(
        app, installation.release(), APP_SUBNET, lambda line: output.append((time.monotonic(), line))
    )
    assert sorted(line for _, line in output) == [f"app {installation.name}", "done", "oops"]
    assert output[-1][0] - output[0][0] > 0.7
    assert left(api, installation) == []


def test_line_without_end_is_cut_in_bounded_time(installation: ReplicaSite) -> None:
    output: list[str] = []
    before = time.process_time()
    app = app_with(installation, "head -c 32000000 /dev/zero | tr '\\0' x; echo; printf done")
    installation.containers.prepare(app, installation.release(), APP_SUBNET, output.append)
    assert time.process_time() - before < 5
    assert [output[0][:3], output[-1]] == ["xxx", "done"]
    assert len("".join(output)) < 10_000


def test_failed_prepare_raises_its_last_lines(api: APIClient, installation: ReplicaSite) -> None:
    with pytest.raises(ContainerError, match=r"ended with 3(?s:.)*column exists already"):
        installation.containers.prepare(
            app_with(installation, "echo column exists already; exit 3"),
            installation.release(),
            APP_SUBNET,
            lambda _: None,
        )
    assert left(api, installation) == []


def test_prepare_is_stopped_at_its_timeout(api: APIClient, installation: ReplicaSite) -> None:
    began = time.monotonic()
    with pytest.raises(ContainerError, match="stopped after 1s"):
        installation.containers.prepare(
            app_with(installation, "echo waiting; sleep 60", prepare_timeout="1s"),
            installation.release(),
            APP_SUBNET,
            lambda _: None,
        )
    assert time.monotonic() - began < 10
    assert left(api, installation) == []


def test_leftover_of_a_killed_deploy_is_removed(api: APIClient, installation: ReplicaSite) -> None:
    release = installation.release()
    started = threading.Event()

    def run() -> None:
        with pytest.raises(ContainerError):
            installation.containers.prepare(
                app_with(installation, "echo up; sleep 60"), release, APP_SUBNET, lambda _: started.set()
            )

    thread = threading.Thread(target=run)
    thread.start()
    assert started.wait(20)
    installation.containers.remove_deploy(release.app, release.deploy)
    thread.join(20)
    assert left(api, installation) == []


def test_prepare_never_gets_the_address_of_a_replica(installation: ReplicaSite) -> None:
    output: list[str] = []
    app = app_with(installation, "hostname -I")
    installation.containers.prepare(app, installation.release(), APP_SUBNET, output.append)
    assert IPv4Address(output[0].strip()) in IPv4Network("172.30.112.24/29")


def test_end_of_a_rotated_log_is_reported(api: APIClient) -> None:
    small = LogConfig(type="json-file", config={"max-size": "100k", "max-file": "1"})
    script = ["sh", "-c", "seq 300000; echo done"]
    id_ = api.create_container(
        BASE, entrypoint=[], command=script, labels={MINE: "once"}, host_config=api.create_host_config(log_config=small)
    )["Id"]
    output: list[str] = []
    try:
        run_prepare("", id_, 60.0, output.append)
    finally:
        api.remove_container(id_, force=True)
    assert output[-1] == "done"
