"""How a project uses sessions."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from hookserver.project import inspect_project
from tests.unit.project.trees import plant, pom, servlet

USED = {"pom.xml": pom(""), "Shop.java": servlet("javax", inside="void x() { request.getSession(); }")}
MANAGER = '<Context><Manager className="{}"/></Context>'
REDISSON = "org.redisson.tomcat.RedissonSessionManager"


def test_use_names_its_first_place(tmp_path: Path) -> None:
    use = inspect_project(plant(tmp_path, USED)).sessions
    assert (use.where, use.unserializable, use.manager) == ("Shop.java", (), "")


def test_project_without_sessions_has_no_use(tmp_path: Path) -> None:
    assert inspect_project(plant(tmp_path, {"pom.xml": pom("")})).sessions.where == ""


@pytest.mark.parametrize(
    ("path", "text", "shown"),
    [
        ("src/main/webapp/META-INF/context.xml", MANAGER.format(REDISSON), "RedissonSessionManager"),
        ("conf/context.xml", MANAGER.format("org.apache.catalina.session.PersistentManager"), "PersistentManager"),
        ("conf/server.xml", "<Server><Engine><Cluster/></Engine></Server>", "<Cluster>"),
    ],
)
def test_manager_of_the_projects_own_is_found_with_its_file(tmp_path: Path, path: str, text: str, shown: str) -> None:
    use = inspect_project(plant(tmp_path, {"pom.xml": pom(""), path: text})).sessions
    assert use.manager == use.where == f"{shown} in {path}"


@pytest.mark.parametrize(
    "text",
    [
        "<Context><Manager pathname=''/></Context>",
        MANAGER.format("org.apache.catalina.session.StandardManager"),
        "<!-- no settings --><Context/>",
        MANAGER.format(REDISSON).replace("Context", "beans"),
    ],
)
def test_standard_manager_is_none_of_the_projects_own(tmp_path: Path, text: str) -> None:
    files = {**USED, "src/main/webapp/META-INF/context.xml": text}
    assert inspect_project(plant(tmp_path, files)).sessions.manager == ""


def test_manager_in_a_prebuilt_war_is_found(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "shop.war", "w") as war:
        war.writestr("META-INF/context.xml", MANAGER.format(REDISSON))
    assert inspect_project(tmp_path).sessions.manager == "RedissonSessionManager in the WAR's META-INF/context.xml"
