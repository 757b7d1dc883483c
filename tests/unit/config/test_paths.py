"""Settings that name files and folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.config import Settings, parse
from tests.unit.config.samples import APP, mistakes


def test_every_relative_path_counts_from_the_files_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    text = (
        """
        [server]
        state_dir = "state"
        [nginx]
        binary = "../nginx/sbin"
        conf_dir = "conf.d"
        """
        + APP
        + """
        [apps.shop.build]
        ca_bundle = "ca.pem"
        env_files = { NEXUS = "nexus" }
        volumes = ["./m2:/root/.m2", "named:/x"]
        [apps.shop.tomcat]
        env_file = "shop.env"
        """
    )
    read = parse(text, tmp_path / "etc" / "hookserver.toml").settings
    shop, etc = read.apps["shop"], tmp_path / "etc"
    assert (read.server.state.root, read.nginx.conf_dir) == (etc / "state", etc / "conf.d")
    assert (read.nginx.binary, Settings().nginx.binary) == (str(tmp_path / "nginx/sbin"), "nginx")
    assert (shop.build.ca_bundle, shop.build.env_files) == (etc / "ca.pem", {"NEXUS": etc / "nexus"})
    assert shop.build.volumes == (f"{etc}/m2:/root/.m2", "named:/x")
    assert shop.tomcat.env_file == etc / "shop.env"


@pytest.mark.parametrize(
    ("place", "file"),
    [
        ("conf/../../etc/passwd", "a"),
        ("/conf/server.xml", "a"),
        ("lib/driver.zip", "a"),
        ("bin/catalina.sh", "a"),
        ("webapps/manager.war", "a"),
        ("conf/server.xml", "../server.xml"),
        ("conf/server.xml", ""),
    ],
)
def test_own_tomcat_files_have_known_places_and_leave_no_folder(place: str, file: str) -> None:
    assert "apps.shop.tomcat.files" in mistakes(APP + f"[apps.shop.tomcat]\nfiles = {{ '{place}' = '{file}' }}")[0]
