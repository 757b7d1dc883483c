from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest

from hookserver.addresses import endpoints
from hookserver.config import AppSettings, DockerSettings
from hookserver.containers.arguments import (
    catalina_opts,
    container_arguments,
    parse_environment,
    prepare_arguments,
)
from hookserver.models import Release, Slot
from hookserver.state.request_journal import folder
from hookserver.state.state_dir import StateDir

COMMIT = "c" * 40
JOURNAL = "-Dhookserver.request_journal=/run/hookserver/requests/keeps"


def an_app(**tables: Any) -> AppSettings:
    facts = {"name": "shop", "repository": "/srv/shop.git", "domains": ["shop.example.com"]}
    return AppSettings.model_validate(facts | tables)


def arguments(
    image_env: dict[str, str] | None = None,
    env_file: dict[str, str] | None = None,
    sessions: str = "sticky",
    has_journal: bool = True,
    **tomcat: Any,
) -> Any:
    app = an_app(tomcat=tomcat, release={"sessions": sessions, "sessions_max": "1g"})
    place = endpoints(DockerSettings(subnet=IPv4Network("172.30.112.0/20")), app.name, 1, Slot.GREEN, 2)[1]
    release = Release(7, "shop", COMMIT, "sha256:abc", Slot.GREEN, 2)
    journal = folder(StateDir(Path("/state")), app.name, place.host) if has_journal else None
    return container_arguments(Path("/state"), "net", app, release, place, image_env or {}, env_file or {}, journal)


def environment(**given: Any) -> dict[str, str]:
    return parse_environment(arguments(**given)["Env"])


def test_replica_has_its_fixed_address_and_the_labels_of_its_release() -> None:
    made = arguments()
    assert made["NetworkingConfig"]["EndpointsConfig"]["net"]["IPAMConfig"]["IPv4Address"] == "172.30.112.17"
    assert made["HostConfig"]["NetworkMode"] == "net"
    assert made["Labels"] == {
        "hookserver.state_dir": "/state",
        "hookserver.role": "replica",
        "hookserver.app": "shop",
        "hookserver.slot": "green",
        "hookserver.replica": "2",
        "hookserver.replicas": "2",
        "hookserver.route": "green2",
        "hookserver.deploy": "7",
        "hookserver.commit": COMMIT,
        "hookserver.name": "hs-shop-green-2",
    }


def test_candidate_has_limits_and_no_restart_policy() -> None:
    host = arguments(memory="256m", volumes=["/srv/files:/files:ro"])["HostConfig"]
    assert host["Memory"] == host["MemorySwap"] == 256 << 20
    assert host["PidsLimit"] > 0
    assert host["RestartPolicy"] == {"Name": "no"}
    assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["Binds"][1:] == ["/srv/files:/files:ro"]
    assert host["ExtraHosts"] == ["host.docker.internal:host-gateway"]


def test_only_a_replica_that_shares_sessions_has_the_folder_of_its_app_and_its_size() -> None:
    options = environment(sessions="shared", env={"CATALINA_OPTS": "-Down=1"})["CATALINA_OPTS"]
    shared = "-Dhookserver.sessions=/run/hookserver/sessions -Dhookserver.sessions_max=1073741824"
    assert options.startswith(f"-Down=1 {JOURNAL} {shared} -Dhookserver.route=")
    mounts = arguments(sessions="shared", volumes=["/srv/files:/files"])["HostConfig"]["Binds"]
    assert mounts[1:] == ["/state/sessions/shop:/run/hookserver/sessions", "/srv/files:/files"]
    for sessions in ("none", "sticky"):
        assert "/sessions" not in str(arguments(sessions=sessions))


def test_replica_writes_its_request_journal_in_a_folder_of_its_own_on_the_host() -> None:
    (mount,) = arguments()["HostConfig"]["Binds"]
    assert mount == "/state/request-journal/replicas/shop/172.30.112.17:/run/hookserver/requests"
    assert JOURNAL in environment()["CATALINA_OPTS"]


def test_replica_has_neither_folder_nor_option_while_the_journal_is_off() -> None:
    made = arguments(has_journal=False)
    assert made["HostConfig"]["Binds"] == []
    assert "request_journal" not in str(made)


def test_prepare_command_has_neither_a_request_journal_nor_the_stored_sessions() -> None:
    app = an_app(release={"prepare": "true", "sessions": "shared"})
    made = prepare_arguments(Path("/s"), "net", app, Release(7, "shop", COMMIT, "sha256:abc", Slot.GREEN, 2), {}, {})
    assert made["HostConfig"]["Binds"] == []
    assert "/run/hookserver" not in str(made["Env"])


def test_prepare_command_is_on_the_apps_network_at_an_address_that_docker_assigns() -> None:
    release = Release(7, "shop", COMMIT, "sha256:abc", Slot.GREEN, 2)
    made = prepare_arguments(Path("/s"), "net", an_app(release={"prepare": "true"}), release, {}, {})
    assert made["HostConfig"]["NetworkMode"] == "net"
    assert "IPAMConfig" not in made["NetworkingConfig"]["EndpointsConfig"]["net"]


def test_apps_network_is_the_way_out_of_a_replica_on_further_networks() -> None:
    assert arguments(networks=["database"])["NetworkingConfig"]["EndpointsConfig"]["net"]["GwPriority"] > 0


def test_replica_has_limits_of_cores_and_processes() -> None:
    host = arguments(cpus=1.5, pids=500)["HostConfig"]
    assert (host["CpuQuota"], host["CpuPeriod"], host["PidsLimit"]) == (150_000, 100_000, 500)
    host = arguments()["HostConfig"]
    assert (host["CpuQuota"], host["PidsLimit"]) == (0, 4096)


def test_replica_has_no_raw_sockets() -> None:
    assert arguments()["HostConfig"]["CapDrop"] == ["NET_RAW"]


def test_our_variables_win_over_the_settings_and_these_over_the_file() -> None:
    given = environment(env_file={"A": "file", "B": "file", "HOOKSERVER_APP": "x"}, env={"B": "settings"})
    assert (given["A"], given["B"], given["HOOKSERVER_APP"]) == ("file", "settings", "shop")
    assert (given["HOOKSERVER_SLOT"], given["HOOKSERVER_REPLICA"], given["HOOKSERVER_COMMIT"]) == ("green", "2", COMMIT)


def test_options_of_image_and_app_stay_and_ours_are_added() -> None:
    assert environment(image_env={"CATALINA_OPTS": "-Dimage=1"}, java_opts="-Dapp=1")["CATALINA_OPTS"] == (
        f"-Dimage=1 {JOURNAL} -Dhookserver.route=green2 -XX:MaxRAMPercentage=60.0 -Dapp=1"
    )
    overridden = environment(image_env={"CATALINA_OPTS": "-Dimage=1"}, env={"CATALINA_OPTS": "-Dmine=1"})
    assert overridden["CATALINA_OPTS"] == f"-Dmine=1 {JOURNAL} -Dhookserver.route=green2 -XX:MaxRAMPercentage=60.0"


@pytest.mark.parametrize("options", ["-Xmx256m", "-XX:MaxRAMPercentage=50", "-XX:MaxRAM=1g", "-XX:MaxHeapSize=1g"])
def test_heap_that_is_set_in_any_variable_stays(options: str) -> None:
    assert "=60" not in catalina_opts("", "blue1", options)
    assert "=60" not in catalina_opts(options, "blue1", "")
    assert "=60" not in environment(env={"JAVA_OPTS": options})["CATALINA_OPTS"]
    assert "=60" not in environment(image_env={"JAVA_TOOL_OPTIONS": options})["CATALINA_OPTS"]
