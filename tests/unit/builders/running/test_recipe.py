"""The container of a build: its limits, mounts and environment."""

from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
from docker import APIClient

from hookserver.builders.job import BuildJob
from hookserver.builders.running.recipe import Recipe, container_settings
from hookserver.builders.running.tools import build_tools
from hookserver.config import AppSettings, DockerSettings
from hookserver.errors import BuildError
from hookserver.state.state_dir import StateDir
from tests.unit.builders.running.test_truststore import certificate

SUBNET = IPv4Network("172.30.240.0/27")


def settings_of(tmp_path: Path, **build: Any) -> dict[str, Any]:
    app = {"name": "shop", "repository": "push", "domains": ["shop.example.com"], "build": build}
    job = BuildJob(AppSettings.model_validate(app), 1, "c" * 40, tmp_path, tmp_path, SUBNET)
    tools = build_tools(DockerSettings(), StateDir(tmp_path))
    tools.engine.api = APIClient(base_url="tcp://127.0.0.1:1", version="1.41")
    recipe = Recipe("maven:3", ("mvn", "package"), {"/root/.m2": "m2"}, "target", lambda _: False, env={"A": "1"})
    try:
        return container_settings(tools, job, recipe, ["sh"])
    finally:
        tools.engine.close()


def test_build_has_limits_and_few_capabilities(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, memory="512m", cpus=1.5)
    host = settings["host_config"]
    assert host["Memory"] == host["MemorySwap"] == 512 << 20
    assert host["CpuQuota"] / host["CpuPeriod"] == 1.5
    assert host["PidsLimit"] > 0
    assert host["CapDrop"] == ["ALL"]
    assert "SYS_ADMIN" not in host["CapAdd"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert settings["command"] == ["mvn", "package"]


def test_build_gets_the_environment_of_recipe_settings_and_files(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret\n")
    settings = settings_of(tmp_path, env={"A": "2", "B": "3"}, env_files={"C": str(tmp_path / "password")})
    assert settings["environment"] == {"A": "2", "B": "3", "C": "secret"}


def test_missing_file_of_the_environment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"a file of build\.env_files cannot be read"):
        settings_of(tmp_path, env_files={"C": str(tmp_path / "none")})


def test_build_is_on_its_apps_network_and_an_offline_one_on_none(tmp_path: Path) -> None:
    assert settings_of(tmp_path, offline=True)["host_config"]["NetworkMode"] == "none"
    assert settings_of(tmp_path)["host_config"]["NetworkMode"] == "0-hookserver-172.30.240.0-27"


def test_cache_is_a_labelled_volume_and_mounts_of_the_settings_are_read_only(tmp_path: Path) -> None:
    cache, own, named = settings_of(tmp_path, volumes=["/srv/m2.xml:/root/.m2/settings.xml", "tools:/opt/tools"])[
        "host_config"
    ]["Mounts"]
    assert (cache["Type"], cache["Source"], cache["Target"], cache["ReadOnly"]) == ("volume", "m2", "/root/.m2", False)
    assert cache["VolumeOptions"]["Labels"] == {"hookserver.state_dir": str(tmp_path), "hookserver.app": "shop"}
    assert (own["Type"], own["Source"], own["ReadOnly"]) == ("bind", "/srv/m2.xml", True)
    assert (named["Type"], named["Source"], named["ReadOnly"]) == ("volume", "tools", True)


def test_certificates_are_mounted_and_trusted(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(certificate("ca"))
    settings = settings_of(tmp_path, ca_bundle=str(tmp_path / "ca.pem"))
    targets = {mount["Target"]: mount["ReadOnly"] for mount in settings["host_config"]["Mounts"]}
    assert targets["/run/hookserver/ca-bundle.pem"]
    assert targets["/run/hookserver/truststore.p12"]
    assert settings["environment"]["SSL_CERT_FILE"] == "/run/hookserver/ca-bundle.pem"
