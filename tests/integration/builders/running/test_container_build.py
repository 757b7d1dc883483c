"""What a build may do, and what is reported when it fails. Each runs the builder image with a command of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hookserver.builders.job import BuildJob
from hookserver.engine.labels import label_set
from hookserver.errors import BuildError
from tests.integration.builders.conftest import CA_BUNDLE, BuildSite, war

SHOP = war({"WEB-INF/web.xml": "<web-app/>", "index.html": "shop"})


def job(site: BuildSite, script: str, **build: Any) -> BuildJob:
    files: dict[str, str | bytes] = {"pom.xml": "<project/>", "shop.war": SHOP}
    return site.job(files, build={"kind": "maven", "command": script, **build})


def failure(site: BuildSite, made: BuildJob) -> BuildError:
    with pytest.raises(BuildError) as caught:
        site.build(made)
    assert site.containers() == []
    return caught.value


def test_failed_build_raises_its_last_lines_and_logs_everything(site: BuildSite) -> None:
    made = job(site, "for i in $(seq 50); do echo line $i; done; echo 'no such compiler' >&2; exit 3")
    error = failure(site, made)
    assert "exit code 3" in error.problem
    assert "no such compiler" in error.problem
    assert "line 1\n" not in error.problem
    assert "       line 1\n" in site.log(made)


def test_output_is_in_the_log_while_the_build_runs(site: BuildSite, eventually: Callable[..., object]) -> None:
    made = job(site, "echo begun; sleep 60", timeout="30s")
    began = time.monotonic()
    failed: list[BuildError] = []

    def build() -> None:
        with pytest.raises(BuildError) as caught:
            site.build(made)
        failed.append(caught.value)

    thread = threading.Thread(target=build)
    thread.start()
    eventually(lambda: site.log_file(made).exists() and "       begun\n" in site.log(made))
    assert time.monotonic() - began < 10
    assert site.images.remove_leftovers(made.deploy)
    thread.join()
    eventually(lambda: site.containers() == [])
    assert "exit code 137" in failed[0].problem


def test_build_that_never_ends_is_stopped_at_its_timeout(site: BuildSite) -> None:
    error = failure(site, job(site, "echo waiting for a lock; sleep 600", timeout="5s"))
    assert "stopped after 5s" in error.problem
    assert "waiting for a lock" in error.problem
    assert "build.timeout" in error.remedy


def test_build_without_enough_memory_names_the_setting_to_raise(site: BuildSite) -> None:
    error = failure(site, job(site, "head -c 200m /dev/zero | tail -c 150m >/dev/null", memory="64m"))
    assert "out of memory" in error.problem
    assert "build.memory (now 64m)" in error.remedy


def test_fork_bomb_meets_a_limit(site: BuildSite) -> None:
    error = failure(site, job(site, "i=0; while [ $i -lt 3000 ]; do sleep 60 & i=$((i+1)); done"))
    assert "fork" in error.problem.lower()


def test_endless_output_fills_neither_log_nor_memory(site: BuildSite) -> None:
    made = job(site, "yes 0123456789012345678901234567890123456789 | head -c 300m; echo the end; exit 1")
    error = failure(site, made)
    assert "the end" in error.problem
    assert site.log_file(made).stat().st_size < 32 << 20


def test_build_sees_neither_docker_nor_files_and_environment_of_the_host(
    site: BuildSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("canary-in-a-file")
    monkeypatch.setenv("CANARY", "canary-in-the-environment")
    made = job(site, "env; cat link; ls -l /var/run/docker.sock /run/docker.sock; cat /etc/hostname; exit 1")
    (made.source / "link").symlink_to(secret)
    failure(site, made)
    assert "canary" not in site.log(made).replace(str(secret), "")
    assert "cat: link: No such file" in site.log(made)
    assert "docker.sock': No such file" in site.log(made)


def test_build_has_its_environment_and_read_only_mounts(site: BuildSite, tmp_path: Path) -> None:
    (tmp_path / "settings.xml").write_text("<settings/>")
    made = job(
        site,
        "echo $GREETING; cat /mnt/settings.xml; touch /mnt/new; exit 1",
        env={"GREETING": "hello there"},
        volumes=[f"{tmp_path}:/mnt:rw"],
    )
    failure(site, made)
    assert "hello there" in site.log(made)
    assert "<settings/>" in site.log(made)
    assert "Read-only file system" in site.log(made)


def test_java_and_the_others_trust_the_ca_bundle(site: BuildSite) -> None:
    made = job(
        site,
        "keytool -list -keystore /run/hookserver/truststore.p12 -storepass changeit | grep contains;"
        " java -XshowSettings:properties -version 2>&1 | grep trustStore; ls -l $CURL_CA_BUNDLE; exit 1",
        ca_bundle=str(CA_BUNDLE),
        env={"JAVA_TOOL_OPTIONS": "-Dmine=1"},
    )
    failure(site, made)
    log = site.log(made)
    assert "Your keystore contains 1" in log
    assert "javax.net.ssl.trustStore = /run/hookserver/truststore.p12" in log
    assert "ca-bundle.pem" in log
    assert "Picked up" not in log


def test_several_wars_are_refused_and_the_named_one_is_taken(site: BuildSite) -> None:
    script = "mkdir -p a/target b/target; cp shop.war a/target/; cp shop.war b/target/shop-2.war"
    error = failure(site, job(site, script))
    assert "a/target/shop.war\n  b/target/shop-2.war" in error.problem
    assert "build.war" in error.remedy
    image, log = site.build(job(site, script, war="b/target/*.war"))
    assert "the WAR: b/target/shop-2.war" in log
    assert image.startswith("sha256:")


def test_build_without_a_war_is_refused_with_what_was_looked_for(site: BuildSite) -> None:
    error = failure(site, job(site, "rm shop.war"))
    assert "**/target/*.war" in error.problem


def test_container_of_a_killed_build_is_removed_within_a_second(site: BuildSite) -> None:
    deploy = 9_999
    name = f"hs-{site.app}-build-{deploy}"
    labels = label_set(site.root, "build", site.app, deploy=deploy, name=name)
    made = site.client.create_container("maven:3.9-eclipse-temurin-17", ["sleep", "600"], name=name, labels=labels)
    site.client.start(made["Id"])
    began = time.monotonic()
    assert site.images.remove_leftovers(deploy) == [made["Id"]]
    assert time.monotonic() - began < 1.0
    assert site.containers() == []


def test_container_of_others_with_the_name_of_the_build_stays(site: BuildSite) -> None:
    made = job(site, "mkdir target; cp shop.war target/")
    name = f"hs-{site.app}-build-{made.deploy}"
    foreign = site.client.create_container("maven:3.9-eclipse-temurin-17", ["true"], name=name)["Id"]
    try:
        assert site.build(made)[0]
        assert site.client.inspect_container(foreign)["Name"] == f"/{name}"
    finally:
        site.client.remove_container(foreign)


def test_secret_from_a_file_is_in_the_environment_of_the_build_and_in_no_image(site: BuildSite, tmp_path: Path) -> None:
    secret = tmp_path / "nexus"
    secret.write_text("canary-of-nexus\n")
    script = 'test "$NEXUS" = canary-of-nexus && mkdir target && cp shop.war target/'
    image, _ = site.build(job(site, script, env_files={"NEXUS": str(secret)}))
    assert "canary" not in str(site.inspect(image))
    assert "canary" not in str(site.client.history(image))
    secret.unlink()
    error = failure(site, job(site, script, env_files={"NEXUS": str(secret)}))
    assert f"a file of build.env_files cannot be read: [Errno 2] No such file or directory: '{secret}'" in error.problem


def test_offline_build_has_no_network_and_names_the_remedy_for_an_incomplete_cache(site: BuildSite) -> None:
    made = job(
        site, "cat /proc/net/dev | grep -c : ; echo '[ERROR] Cannot access x in offline mode'; exit 1", offline=True
    )
    error = failure(site, made)
    assert "       1\n" in site.log(made)
    assert "deploy once with build.offline = false" in error.remedy
