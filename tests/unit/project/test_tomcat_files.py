"""Tomcat's own files in a project: proposed if Tomcat reads them, else reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.config import parse
from hookserver.project import default_answers, inspect_project, render_settings
from tests.unit.project.trees import plant, pom

USERS = '<tomcat-users xmlns="http://tomcat.apache.org/xml"><role rolename="shop"/></tomcat-users>'
SERVER = '<Server><Service><Connector port="{}"/></Service></Server>'
POM = {"pom.xml": pom("")}


def test_tomcat_files_are_proposed_with_their_places(tmp_path: Path) -> None:
    files = {
        "deploy/tomcat-users.xml": USERS,
        "tomcat/conf/server.xml": SERVER.format(8080),
        "tomcat/conf/context.xml": "<Context/>",
        "tomcat/bin/setenv.sh": "",
        "tomcat/lib/postgresql-42.7.4.jar": "",
        "src/main/webapp/META-INF/context.xml": "<Context/>",
        "src/main/webapp/WEB-INF/lib/own.jar": "",
        "lib/servlet-api.jar": "",
    }
    project = inspect_project(plant(tmp_path, {**POM, **files}))
    settings = parse(render_settings(project, default_answers(project)), tmp_path / "hookserver.toml").settings
    assert settings.apps["shop"].tomcat.files == {
        "conf/tomcat-users.xml": "deploy/tomcat-users.xml",
        "conf/server.xml": "tomcat/conf/server.xml",
        "conf/context.xml": "tomcat/conf/context.xml",
        "bin/setenv.sh": "tomcat/bin/setenv.sh",
        "lib/postgresql-42.7.4.jar": "tomcat/lib/postgresql-42.7.4.jar",
    }


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        (
            "conf/tomcat-users.xml",
            "<settings><servers/></settings>",
            "its root element is <settings>, but Tomcat reads <tomcat-users>",
        ),
        ("conf/server.xml", SERVER.format(9090), "listens on 9090, but hookserver connects to 8080"),
        ("conf/server.xml", "<Server>", "not valid XML"),
        ("tomcat/bin/catalina.sh", "", "a whole Tomcat is in tomcat/"),
    ],
)
def test_unsuitable_file_is_reported_and_not_proposed(tmp_path: Path, name: str, text: str, why: str) -> None:
    project = inspect_project(plant(tmp_path, {**POM, name: text}))
    assert project.tomcat_files == ()
    assert why in render_settings(project, default_answers(project)).replace("\n# ", " ")


def test_unreachable_server_is_proposed_with_a_caution(tmp_path: Path) -> None:
    server = SERVER.format(8080).replace("<Connector", '<Connector address="127.0.0.1"')
    project = inspect_project(plant(tmp_path, {**POM, "conf/server.xml": server}))
    assert [file.value for file in project.tomcat_files] == ["conf/server.xml"]
    assert 'conf/server.xml: the connector on port 8080 has address="127.0.0.1"' in render_settings(
        project, default_answers(project)
    ).replace("\n# ", " ")


def test_second_file_for_a_place_is_reported(tmp_path: Path) -> None:
    project = inspect_project(
        plant(tmp_path, {**POM, "conf/tomcat-users.xml": USERS, "deploy/tomcat-users.xml": USERS})
    )
    assert [file.where for file in project.tomcat_files] == ["conf/tomcat-users.xml"]
    text = render_settings(project, default_answers(project)).replace("\n# ", " ")
    assert "deploy/tomcat-users.xml can be conf/tomcat-users.xml too" in text
