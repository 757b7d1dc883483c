from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from docker import APIClient
from docker.errors import NotFound

from hookserver.errors import ContainerError, Unhealthy
from hookserver.models import Release, ReplicaState, Slot
from hookserver.pipeline.liveness import with_cause
from tests.integration.containers.conftest import APP_SUBNET, BASE, SERVES, ReplicaSite

NETWORK = "0-hookserver-172.30.112.0-27"
Foreign = Callable[..., str]
Eventually = Callable[..., object]


def inspect(api: APIClient, name: str) -> dict[str, object]:
    return dict(api.inspect_container(name))


def test_slot_runs_all_its_replicas_at_their_fixed_addresses(installation: ReplicaSite, api: APIClient) -> None:
    places = installation.start()
    assert [place.host for place in places] == ["172.30.112.8", "172.30.112.9"]
    replicas = installation.containers.replicas(installation.name)
    assert [replica.name for replica in replicas] == [f"hs-{installation.name}-blue-{n}" for n in (1, 2)]
    assert {(r.state, r.deploy, r.slot, r.restarts) for r in replicas} == {(ReplicaState.RUNNING, 7, Slot.BLUE, 0)}
    assert [place.route for place in places] == ["blue1", "blue2"]
    networks = api.inspect_container(places[0].name)["NetworkSettings"]["Networks"]
    assert networks[NETWORK]["IPAddress"] == "172.30.112.8"
    installation.check_alive()


def test_address_is_the_same_after_the_container_was_started_again(installation: ReplicaSite, api: APIClient) -> None:
    place = installation.start()[0]
    api.restart(place.name, timeout=0)
    networks = api.inspect_container(place.name)["NetworkSettings"]["Networks"]
    assert networks[NETWORK]["IPAddress"] == place.host


def test_container_without_a_fixed_address_never_takes_a_stopped_replicas(
    installation: ReplicaSite, api: APIClient, foreign: Foreign
) -> None:
    place = installation.start()[0]
    api.stop(place.name, timeout=0)
    for number in range(3):
        other = foreign(f"{installation.name}-other-{number}", NETWORK)
        networks = api.inspect_container(other)["NetworkSettings"]["Networks"]
        assert networks[NETWORK]["IPAddress"] in [f"172.30.112.{n}" for n in range(24, 31)]
    api.start(place.name)


def test_app_finds_its_environment_memory_files_and_host(installation: ReplicaSite, tmp_path: Path) -> None:
    (tmp_path / "shop.env").write_text("FROM_FILE=a b\n")
    (tmp_path / "files").mkdir()
    (tmp_path / "files/note").write_text("from the volume")
    places = installation.start(
        f"env; cat /files/note /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max; "
        f"grep host.docker /etc/hosts; {SERVES}",
        env={"FROM_SETTINGS": "1"},
        env_file=str(tmp_path / "shop.env"),
        volumes=[f"{tmp_path}/files:/files:ro"],
        memory="128m",
    )
    lines = _printed(installation, places[1].name)
    assert {"FROM_FILE=a b", "FROM_SETTINGS=1", f"HOOKSERVER_APP={installation.name}", "HOOKSERVER_SLOT=blue"} <= lines
    assert {"HOOKSERVER_REPLICA=2", f"HOOKSERVER_COMMIT={'c' * 40}"} <= lines
    assert "CATALINA_OPTS=-Dhookserver.route=blue2 -XX:MaxRAMPercentage=60.0" in lines
    assert any("from the volume" in line and str(128 << 20) in line for line in lines)
    assert any(line.endswith("host.docker.internal") for line in lines)


def test_replica_joins_further_networks_and_keeps_its_fixed_address(
    installation: ReplicaSite, api: APIClient, network: Callable[..., str]
) -> None:
    database = network(f"{installation.name}-db", "172.30.121.0/24")
    place = installation.start(networks=[database])[0]
    networks = api.inspect_container(place.name)["NetworkSettings"]["Networks"]
    assert networks[NETWORK]["IPAddress"] == place.host
    assert networks[database]["IPAddress"].startswith("172.30.121.")


def test_further_network_that_is_missing_is_reported_and_nothing_is_left(installation: ReplicaSite) -> None:
    with pytest.raises(ContainerError, match="no Docker network no-such-net"):
        installation.start(networks=["no-such-net"])
    assert installation.containers.replicas() == []


def test_image_that_was_removed_is_reported(installation: ReplicaSite) -> None:
    release = Release(7, installation.name, "c" * 40, "sha256:" + "0" * 64, Slot.BLUE, 2)
    with pytest.raises(ContainerError, match="cannot find the image") as caught:
        installation.containers.start(installation.app(), release, installation.endpoints(release))
    assert "--rebuild" in caught.value.remedy


def test_command_that_cannot_run_is_reported_and_nothing_is_left(installation: ReplicaSite, api: APIClient) -> None:
    base = api.create_container(installation.image(SERVES), ["true"])["Id"]
    broken = api.commit(base, changes=['ENTRYPOINT ["/no/such/program"]'])["Id"]
    api.remove_container(base)
    try:
        release = Release(7, installation.name, "c" * 40, broken, Slot.BLUE, 2)
        with pytest.raises(ContainerError, match="/no/such/program"):
            installation.containers.start(installation.app(), release, installation.endpoints(release))
        assert installation.containers.replicas() == []
    finally:
        api.remove_image(broken, force=True, noprune=True)


def test_env_file_that_is_missing_is_reported_before_anything_is_removed(installation: ReplicaSite) -> None:
    installation.start()
    with pytest.raises(ContainerError, match="cannot be read"):
        installation.start(deploy=8, slot=Slot.GREEN, env_file="/no/such/file")
    installation.check_alive()


def test_start_removes_our_leftovers_of_the_slot_only(installation: ReplicaSite) -> None:
    installation.start(deploy=5)
    installation.start(deploy=6, slot=Slot.GREEN)
    before = {replica.id for replica in installation.containers.replicas(installation.name, Slot.GREEN)}
    installation.start(deploy=7)
    assert {r.deploy for r in installation.containers.replicas(installation.name, Slot.BLUE)} == {7}
    assert {r.id for r in installation.containers.replicas(installation.name, Slot.GREEN)} == before


def test_foreign_container_with_our_name_is_reported_and_left_alone(
    installation: ReplicaSite, api: APIClient, foreign: Foreign
) -> None:
    other = foreign(f"hs-{installation.name}-blue-2")
    with pytest.raises(ContainerError, match=f"the container hs-{installation.name}-blue-2 does not belong to"):
        installation.start()
    assert api.inspect_container(other)["State"]["Running"]
    assert installation.containers.replicas() == []


@pytest.mark.parametrize("running", [True, False])
def test_foreign_container_with_our_address_is_reported_and_left_alone(
    installation: ReplicaSite, api: APIClient, foreign: Foreign, running: bool
) -> None:
    installation.containers.tidy((), [APP_SUBNET])
    other = foreign(f"{installation.name}-squatter", NETWORK, "172.30.112.9")
    if not running:
        api.stop(other, timeout=0)
    with pytest.raises(ContainerError, match=r"squatter.* has 172\.30\.112\.9"):
        installation.start()
    assert api.inspect_container(other)["State"]["Running"] is running


def test_container_that_inherits_our_labels_from_its_image_is_not_ours(
    installation: ReplicaSite, api: APIClient, foreign: Foreign, tmp_path: Path
) -> None:
    own = api.inspect_container(installation.start()[0].name)["Config"]["Labels"]
    name = f"{installation.name}-theirs"
    theirs = foreign(name, labels={**own, "hookserver.slot": "green"})
    assert len(installation.containers.replicas(installation.name)) == 2
    installation.containers.stop(installation.name, Slot.GREEN, 0)
    installation.start(slot=Slot.GREEN)
    installation.containers.remove_deploy(installation.name, 7)
    assert api.inspect_container(theirs)["State"]["Running"]


def test_containers_of_another_installation_are_invisible(
    installation: ReplicaSite, api: APIClient, tmp_path: Path
) -> None:
    from hookserver.config import DockerSettings
    from hookserver.containers import Containers

    installation.start()
    other = Containers(DockerSettings(), tmp_path / "other")
    assert other.replicas() == []
    other.stop(installation.name, Slot.BLUE, 1)
    other.remove_deploy(installation.name, 7)
    installation.check_alive()


def test_live_release_gets_its_missing_replica_again_and_keeps_the_others(
    installation: ReplicaSite, api: APIClient
) -> None:
    first, second = installation.start()
    kept = inspect(api, first.name)["Id"]
    api.remove_container(second.name, force=True)
    installation.start()
    assert inspect(api, first.name)["Id"] == kept
    installation.check_alive()


def test_slot_is_stopped_with_grace_and_removed(installation: ReplicaSite) -> None:
    for place in installation.start("trap 'sleep 0.5; exit 0' TERM; echo up; while :; do sleep 0.1; done"):
        _printed(installation, place.name)
    started = time.monotonic()
    installation.containers.stop(installation.name, Slot.BLUE, 20)
    assert 0.5 <= time.monotonic() - started < 5
    assert installation.containers.replicas() == []
    installation.containers.stop(installation.name, Slot.BLUE, 20)


def test_containers_are_killed_together_after_their_grace_time(installation: ReplicaSite) -> None:
    installation.start("trap '' TERM; while :; do sleep 0.1; done")
    started = time.monotonic()
    installation.containers.stop(installation.name, Slot.BLUE, 0.2)
    assert time.monotonic() - started < 5
    assert installation.containers.replicas() == []


def test_cancelled_deploys_replicas_are_removed_within_two_seconds(installation: ReplicaSite) -> None:
    installation.start(deploy=6, slot=Slot.GREEN)
    installation.start("trap '' TERM; while :; do sleep 0.1; done", deploy=7)
    started = time.monotonic()
    installation.containers.remove_deploy(installation.name, 7)
    assert time.monotonic() - started < 2
    assert {replica.deploy for replica in installation.containers.replicas()} == {6}


def test_candidate_that_ends_is_reported_with_its_code_and_last_lines(
    installation: ReplicaSite, eventually: Eventually
) -> None:
    installation.start("echo no database; exit 3")
    eventually(lambda: all(r.state is ReplicaState.STOPPED for r in installation.containers.replicas()))
    with pytest.raises(Unhealthy, match=r"blue-1 ended with exit code 3(.|\n)*no database"):
        installation.check_alive()


def test_replica_out_of_memory_is_reported_with_the_remedy(installation: ReplicaSite, eventually: Eventually) -> None:
    installation.start("exec tail /dev/zero", memory="24m")
    eventually(lambda: all(r.state is ReplicaState.STOPPED for r in installation.containers.replicas()), deadline=30)
    with pytest.raises(Unhealthy, match="more memory than its limit") as caught:
        installation.check_alive()
    assert f"apps.{installation.name}.tomcat.memory" in caught.value.remedy


def test_live_replica_is_started_again_after_a_crash_and_that_is_noticed(
    installation: ReplicaSite, eventually: Eventually
) -> None:
    installation.start("sleep 1; exit 1")
    installation.containers.keep_running(installation.name, Slot.BLUE)
    eventually(lambda: any(r.restarts for r in installation.containers.replicas()))
    with pytest.raises(Unhealthy, match="was restarted"):
        installation.check_alive()


def test_removed_replica_is_reported(installation: ReplicaSite, api: APIClient) -> None:
    place = installation.start()[1]
    api.remove_container(place.name, force=True)
    with pytest.raises(Unhealthy, match="deploy 7 has 1 of its 2 replicas on blue"):
        installation.check_alive()


def test_context_that_does_not_start_is_reported_with_tomcats_own_cause(
    installation: ReplicaSite, tmp_path: Path, eventually: Eventually
) -> None:
    web = tmp_path / "ROOT/WEB-INF"
    web.mkdir(parents=True)
    (web / "web.xml").write_text(
        '<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0">'
        "<listener><listener-class>shop.Missing</listener-class></listener></web-app>"
    )
    release = Release(7, installation.name, "c" * 40, BASE, Slot.BLUE, 2)
    app = installation.app(volumes=[f"{tmp_path}/ROOT:/usr/local/tomcat/webapps/ROOT"]).model_copy(
        update={"replicas": 1}
    )
    place = installation.endpoints(release)[0]
    installation.containers.start(app, release, installation.endpoints(release))
    eventually(lambda: "Server startup in" in installation.containers.last_lines(place.name), deadline=60)
    error = with_cause(installation.containers, release, Unhealthy("answered 404", "Look."))
    assert error.problem.startswith(f"answered 404\n{place.name}: ")
    assert "SEVERE" in error.problem
    assert "listeners failed to start" in error.problem
    assert "-Dhookserver.route=blue1" in installation.containers.last_lines(place.name, 200)


def test_start_of_two_replicas_takes_little_longer_than_docker_itself(installation: ReplicaSite) -> None:
    installation.image(SERVES)
    seconds = []
    for deploy in (1, 2, 3):
        started = time.monotonic()
        installation.start(deploy=deploy)
        seconds.append(time.monotonic() - started)
        installation.containers.remove_deploy(installation.name, deploy)
    assert min(seconds) < 1.5


def test_removal_leaves_nothing_of_ours(installation: ReplicaSite, api: APIClient) -> None:
    place = installation.start()[0]
    installation.containers.remove_deploy(installation.name, 7)
    with pytest.raises(NotFound):
        api.inspect_container(place.name)


def _printed(installation: ReplicaSite, name: str) -> set[str]:
    ends = time.monotonic() + 10
    while "up" not in (lines := set(installation.containers.last_lines(name, 200).splitlines())):
        assert time.monotonic() < ends, lines
        time.sleep(0.02)
    return lines
