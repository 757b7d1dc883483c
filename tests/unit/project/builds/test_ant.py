"""Ant projects: the target that makes the WAR, the image, and what a build lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.config import parse
from hookserver.project import Build, default_answers, inspect_project, render_settings
from tests.unit.project.trees import ANT, NETBEANS, plant


def built(tmp_path: Path, inside: str, default: str = 'default="compile"', **files: str) -> Build:
    script = f'<project name="shop" {default}>{inside}</project>'
    return inspect_project(plant(tmp_path, {"build.xml": script, **files})).builds[0]


@pytest.mark.parametrize(
    ("level", "image"), [("1.6", "ant:1.10-jdk8"), ("11", "ant:1.10-jdk11"), ("21", "ant:1.10-jdk21")]
)
def test_ant_runs_on_the_projects_java_level(tmp_path: Path, level: str, image: str) -> None:
    script = (
        f'<project default="a"><target name="a"><javac source="{level}"/><war destfile="a.war"/></target></project>'
    )
    project = inspect_project(plant(tmp_path, {"build.xml": script}))
    text = render_settings(project, default_answers(project))
    build = next(iter(parse(text, tmp_path).settings.apps.values())).build
    assert (build.image, build.command) == (image, ())
    assert "source of <javac> in build.xml" in text


def test_a_level_that_no_file_tells_is_said_to_be_a_guess(tmp_path: Path) -> None:
    project = inspect_project(plant(tmp_path, {"build.xml": '<project><war destfile="a.war"/></project>'}))
    assert "Java 17 is a guess" in render_settings(project, default_answers(project))


@pytest.mark.parametrize(
    "inside",
    [
        '<target name="compile" depends="init, war"/><target name="war"><war destfile="a.war"/></target>',
        '<target name="compile"><antcall target="war"/></target><target name="war"><war destfile="a.war"/></target>',
        '<target name="compile"><pack/></target><macrodef name="pack"><war destfile="a.war"/></macrodef>',
        '<war destfile="a.war"/><target name="compile"/>',
    ],
)
def test_the_default_target_may_lead_to_the_war(tmp_path: Path, inside: str) -> None:
    build = built(tmp_path, inside)
    assert ([war.value for war in build.wars], build.command, build.notes) == (["a.war"], (), ())


def test_a_default_target_without_the_war_is_replaced_by_the_one_that_makes_it(tmp_path: Path) -> None:
    build = built(
        tmp_path,
        '<target name="compile"/><target name="all" depends="war,deploy"/><target name="deploy"/>'
        '<target name="war" depends="compile"><war destfile="dist/a.war"/></target>',
    )
    assert build.command == ("ant", "-noinput", "war")
    assert build.command_reason == "the default target compile makes no WAR as far as build.xml tells, war makes it"
    assert [war.value for war in build.wars] == ["dist/a.war"]


def test_a_target_that_cannot_be_named_is_reached_through_one_that_can(tmp_path: Path) -> None:
    build = built(
        tmp_path,
        '<target name="compile"/><target name="-war"><war destfile="a.war"/></target>'
        '<target name="release" depends="-war,compile"/><target name="dist" depends="-war"/>',
    )
    assert build.command == ("ant", "-noinput", "dist")


def test_a_folder_below_gets_the_target_too(tmp_path: Path) -> None:
    script = '<project default="x"><target name="x"/><target name="war"><war destfile="a.war"/></target></project>'
    build = inspect_project(plant(tmp_path, {"shop/build.xml": script})).builds[0]
    assert build.command == ("ant", "-noinput", "-f", "shop/build.xml", "war")
    assert "not at the repository's top; the default target x" in build.command_reason


@pytest.mark.parametrize(
    "task",
    [
        '<war warfile="out/a.war"/>',
        '<jar jarfile="out/a.war"/>',
        '<zip zipfile="out/a.war"/>',
        '<jar destfile="out/a.war"/>',
    ],
)
def test_the_tasks_that_make_a_war_are_known_by_their_older_attributes_too(tmp_path: Path, task: str) -> None:
    assert [war.value for war in built(tmp_path, task).wars] == ["out/a.war"]


def test_what_is_imported_counts_and_what_is_missing_is_told(tmp_path: Path) -> None:
    files = {"common/build.xml": '<project><target name="compile"><war destfile="a.war"/></target></project>'}
    build = built(tmp_path, '<import file="common/build.xml"/><import file="gone.xml"/>', **files)
    assert [(war.value, war.where) for war in build.wars] == [("a.war", "<war destfile> in common/build.xml")]
    assert build.notes == ("build.xml imports gone.xml, which is not in this folder",)


@pytest.mark.parametrize(
    ("place", "is_told"),
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
def test_a_classpath_outside_the_project_is_told(tmp_path: Path, place: str, is_told: bool) -> None:
    inside = (
        f'<property environment="env"/><property name="tomcat.home" value="/opt/tomcat"/><dirname property="found"/>'
        f'<war destfile="a.war"/><path id="all"><fileset dir="{place}"/></path>'
    )
    notes = built(tmp_path, inside).notes
    said = place.replace("${tomcat.home}", "/opt/tomcat")
    assert [said in note and "build.volumes" in note for note in notes] == [True] * is_told


def test_netbeans_needs_what_one_machine_has(tmp_path: Path) -> None:
    build = inspect_project(plant(tmp_path, NETBEANS)).builds[0]
    assert ([war.value for war in build.wars], build.command) == (["dist/shop.war"], ())
    assert [level.value for level in build.java] == ["7"]
    assert "${libs.jstl.classpath}" in build.notes[0]
    assert "lib/jdbc.jar" not in build.notes[0]
    assert '"-Dj2ee.server.home=…", "-Dlibs.CopyLibs.classpath=…"' in build.notes[1]


def test_targets_that_lead_round_end(tmp_path: Path) -> None:
    inside = '<target name="compile" depends="b"/><target name="b" depends="compile"><antcall target="b"/></target>'
    build = built(tmp_path, inside + '<target name="war"><war destfile="a.war"/></target>')
    assert build.command[-1] == "war"


def test_an_ant_project_that_says_it_all_needs_no_command(tmp_path: Path) -> None:
    assert inspect_project(plant(tmp_path, ANT)).builds[0].command == ()
