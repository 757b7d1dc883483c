"""The facts of a base image; ``tests/integration`` reads them from a real one."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from hookserver.builders.running.tools import BuildTools, build_tools
from hookserver.builders.tomcat.base_image import Base, SettingsFile, read_base
from hookserver.config import DockerSettings
from hookserver.errors import BuildError
from hookserver.state.state_dir import StateDir

CONF = {"server.xml": SettingsFile("<Server/>", 0o600, 5, 6)}
BASE = Base("sha256:abc", "/usr/local/tomcat", CONF, ("ROOT",), (), ("catalina.sh", "run"), "", (), "jakarta", 17)


@pytest.fixture
def tools(tmp_path: Path) -> BuildTools:
    """No Docker answers there."""
    return build_tools(DockerSettings(host="tcp://127.0.0.1:1"), StateDir(tmp_path))


def cache(tools: BuildTools, base: Base, version: int) -> None:
    file = tools.state.cache / "bases" / "abc.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"format": version, **asdict(base)}))


@pytest.mark.parametrize(
    ("volumes", "over"),
    [
        ((), ""),
        (("/usr/local/tomcat/logs", "/data"), ""),
        (("/usr/local/tomcat/webapps",), "/usr/local/tomcat/webapps"),
        (("/data", "/usr/local"), "/usr/local"),
    ],
)
def test_volume_at_or_above_the_webapps_is_named(volumes: tuple[str, ...], over: str) -> None:
    assert replace(BASE, volumes=volumes).volume_over_webapps == over


def test_image_with_a_server_xml_is_a_tomcat() -> None:
    assert BASE.is_tomcat
    assert not replace(BASE, conf={}).is_tomcat


def test_cached_facts_need_no_docker(tools: BuildTools) -> None:
    cache(tools, BASE, 2)
    assert read_base(tools, "sha256:abc", "shop", 1) == BASE


def test_cached_facts_of_another_version_are_read_again(tools: BuildTools) -> None:
    cache(tools, BASE, 1)
    with pytest.raises(BuildError, match="Docker does not answer"):
        read_base(tools, "sha256:abc", "shop", 1)


def test_default_webapps_and_one_in_the_place_of_the_app_conflict() -> None:
    base = replace(BASE, webapps=("ROOT", "docs", "eu#shop.war", "report", "manager"))
    assert base.conflicting_webapps("eu#shop") == ["ROOT", "docs", "eu#shop.war", "manager"]
