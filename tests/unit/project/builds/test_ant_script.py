"""Ant scripts: imports, and the tasks that a target runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.project import Build, inspect_project
from tests.unit.project.trees import plant


def built(tmp_path: Path, inside: str, default: str = 'default="compile"', **files: str) -> Build:
    script = f'<project name="shop" {default}>{inside}</project>'
    return inspect_project(plant(tmp_path, {"build.xml": script, **files})).builds[0]


@pytest.mark.parametrize(
    "inside",
    [
        '<target name="compile" depends="init, war"/><target name="war"><war destfile="a.war"/></target>',
        '<target name="compile"><antcall target="war"/></target><target name="war"><war destfile="a.war"/></target>',
        '<target name="compile"><pack/></target><macrodef name="pack"><war destfile="a.war"/></macrodef>',
        '<war destfile="a.war"/><target name="compile"/>',
    ],
)
def test_default_target_runs_the_task_of_the_war(tmp_path: Path, inside: str) -> None:
    build = built(tmp_path, inside)
    assert ([war.value for war in build.wars], build.command, build.notes) == (["a.war"], (), ())


def test_imported_target_counts_and_a_missing_import_is_reported(tmp_path: Path) -> None:
    files = {"common/build.xml": '<project><target name="compile"><war destfile="a.war"/></target></project>'}
    build = built(tmp_path, '<import file="common/build.xml"/><import file="gone.xml"/>', **files)
    assert [(war.value, war.where) for war in build.wars] == [("a.war", "<war destfile> in common/build.xml")]
    assert build.notes == ("build.xml imports gone.xml, which is not in this folder",)


def test_targets_that_depend_on_each_other_end(tmp_path: Path) -> None:
    inside = '<target name="compile" depends="b"/><target name="b" depends="compile"><antcall target="b"/></target>'
    build = built(tmp_path, inside + '<target name="war"><war destfile="a.war"/></target>')
    assert build.command[-1] == "war"
