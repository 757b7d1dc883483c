"""The facts of an image, read from the engine without running it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from hookserver.builders.image_records import ImageRecords
from hookserver.builders.running.tools import BuildTools
from hookserver.builders.tomcat.base_image import inspect_base, read_base
from hookserver.config import DockerSettings
from hookserver.engine.client import Engine
from hookserver.engine.temporary import TemporaryContainers
from hookserver.state.state_dir import StateDir
from tests.integration.engine.conftest import MakeImage, engine, make_image  # noqa: F401
from tests.unit.builders.wars.test_facts import zipped

TOMCAT = "usr/local/tomcat"


@pytest.fixture
def tools(engine: Engine, tmp_path: Path) -> BuildTools:  # noqa: F811
    state = StateDir(tmp_path)
    containers = TemporaryContainers(engine, tmp_path)
    return BuildTools(engine, containers, state, ImageRecords(state.images), DockerSettings().subnet)


def test_facts_of_a_tomcat_are_read_and_cached(
    tools: BuildTools,
    make_image: MakeImage,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image = make_image(
        {
            f"{TOMCAT}/conf/server.xml": b"<Server/>",
            f"{TOMCAT}/conf/web.xml": b"<web-app/>",
            f"{TOMCAT}/webapps/ROOT/index.html": b"x",
            f"{TOMCAT}/webapps/docs.war": b"x",
            f"{TOMCAT}/lib/servlet-api.jar": zipped({"jakarta/servlet/Servlet.class": b""}),
        }
    )
    base = read_base(tools, image, "t-base", 1)
    assert base.is_tomcat
    assert list(base.conf) == ["server.xml"]
    server = base.conf["server.xml"]
    assert (server.text, stat.S_IMODE(server.mode), server.uid, server.gid) == ("<Server/>", 0o644, 0, 0)
    assert base.webapps == ("ROOT", "docs.war")
    assert (base.home, base.servlet, base.java) == ("/usr/local/tomcat", "jakarta", 0)
    assert base.command == ("catalina.sh", "run")
    tools.containers.wait_removed()
    tools.engine.close()
    monkeypatch.setattr(tools.engine, "host", "tcp://127.0.0.1:1")
    assert read_base(tools, image, "t-base", 2) == base


def test_image_without_a_tomcat_has_no_settings_files(tools: BuildTools, make_image: MakeImage) -> None:  # noqa: F811
    base = inspect_base(tools, make_image({"etc/hosts": b""}), "t-base", 3)
    assert not base.is_tomcat
    assert (base.conf, base.webapps, base.servlet) == ({}, (), "")
    tools.containers.wait_removed()
