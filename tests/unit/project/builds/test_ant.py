"""Ant builds: the target that makes the WAR, and the Java level."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.config import parse
from hookserver.project import Build, default_answers, inspect_project, render_settings
from tests.unit.project.trees import ANT, plant


def built(tmp_path: Path, inside: str, default: str = 'default="compile"', **files: str) -> Build:
    script = f'<project name="shop" {default}>{inside}</project>'
    return inspect_project(plant(tmp_path, {"build.xml": script, **files})).builds[0]


def test_ant_build_uses_its_property_file_and_an_old_descriptor(tmp_path: Path) -> None:
    project = inspect_project(plant(tmp_path, ANT))
    build = project.builds[0]
    assert (build.kind, build.description) == ("ant", "build.xml, default target dist")
    assert [war.value for war in build.wars] == ["product/shop.war"]
    assert [level.value for level in build.java] == ["8"]
    assert {found.value for found in project.api} == {"javax"}
    assert project.notes == ()
    assert (project.health.path, project.health.is_guess) == ("/catalogue", False)


@pytest.mark.parametrize(
    ("level", "image"), [("1.6", "ant:1.10-jdk8"), ("11", "ant:1.10-jdk11"), ("21", "ant:1.10-jdk21")]
)
def test_ant_image_has_the_java_level_of_the_project(tmp_path: Path, level: str, image: str) -> None:
    script = (
        f'<project default="a"><target name="a"><javac source="{level}"/><war destfile="a.war"/></target></project>'
    )
    project = inspect_project(plant(tmp_path, {"build.xml": script}))
    text = render_settings(project, default_answers(project))
    build = next(iter(parse(text, tmp_path).settings.apps.values())).build
    assert (build.image, build.command) == (image, ())
    assert "source of <javac> in build.xml" in text


def test_unknown_java_level_is_called_a_guess(tmp_path: Path) -> None:
    project = inspect_project(plant(tmp_path, {"build.xml": '<project><war destfile="a.war"/></project>'}))
    assert "Java 17 is a guess" in render_settings(project, default_answers(project))


def test_target_with_the_war_replaces_a_default_target_without_it(tmp_path: Path) -> None:
    build = built(
        tmp_path,
        '<target name="compile"/><target name="all" depends="war,deploy"/><target name="deploy"/>'
        '<target name="war" depends="compile"><war destfile="dist/a.war"/></target>',
    )
    assert build.command == ("ant", "-noinput", "war")
    assert build.command_reason == "the default target compile makes no WAR, the target war does"
    assert [war.value for war in build.wars] == ["dist/a.war"]


def test_private_target_is_reached_through_a_public_one(tmp_path: Path) -> None:
    build = built(
        tmp_path,
        '<target name="compile"/><target name="-war"><war destfile="a.war"/></target>'
        '<target name="release" depends="-war,compile"/><target name="dist" depends="-war"/>',
    )
    assert build.command == ("ant", "-noinput", "dist")


def test_target_is_named_in_a_subfolder_too(tmp_path: Path) -> None:
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
def test_war_is_found_by_older_attributes_too(tmp_path: Path, task: str) -> None:
    assert [war.value for war in built(tmp_path, task).wars] == ["out/a.war"]


def test_default_target_with_the_war_needs_no_command(tmp_path: Path) -> None:
    assert inspect_project(plant(tmp_path, ANT)).builds[0].command == ()


def test_build_without_a_war_is_reported(tmp_path: Path) -> None:
    build = built(tmp_path, '<target name="compile"/>')
    assert (build.wars, build.command) == ((), ())
    assert build.notes == ("no target of build.xml runs a <war destfile=…>, so the build probably makes no WAR",)
