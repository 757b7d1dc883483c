"""Notes on the files that an Ant build needs from outside the project."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.project import Build, inspect_project
from tests.unit.project.trees import NETBEANS, plant


def built(tmp_path: Path, inside: str, default: str = 'default="compile"', **files: str) -> Build:
    script = f'<project name="shop" {default}>{inside}</project>'
    return inspect_project(plant(tmp_path, {"build.xml": script, **files})).builds[0]


@pytest.mark.parametrize(
    ("place", "is_reported"),
    [
        ("${env.CATALINA_HOME}/lib", True),
        ("${tomcat.home}/lib", True),
        ("/opt/tomcat/lib", True),
        ("C:\\tomcat\\lib", True),
        ("../tomcat/lib", True),
        ("${basedir}/lib", False),
        ("lib", False),
        ("${found}/lib", False),
    ],
)
def test_classpath_outside_the_project_is_reported(tmp_path: Path, place: str, is_reported: bool) -> None:
    inside = (
        f'<property environment="env"/><property name="tomcat.home" value="/opt/tomcat"/><dirname property="found"/>'
        f'<war destfile="a.war"/><path id="all"><fileset dir="{place}"/></path>'
    )
    notes = built(tmp_path, inside).notes
    path = place.replace("${tomcat.home}", "/opt/tomcat")
    assert [path in note and "build.volumes" in note for note in notes] == [True] * is_reported


def test_netbeans_properties_of_one_machine_are_reported(tmp_path: Path) -> None:
    build = inspect_project(plant(tmp_path, NETBEANS)).builds[0]
    assert ([war.value for war in build.wars], build.command) == (["dist/shop.war"], ())
    assert [level.value for level in build.java] == ["7"]
    assert "${libs.jstl.classpath}" in build.notes[0]
    assert "lib/jdbc.jar" not in build.notes[0]
    assert '"-Dj2ee.server.home=…", "-Dlibs.CopyLibs.classpath=…"' in build.notes[1]
