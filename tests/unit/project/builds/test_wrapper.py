"""A project's own wrapper of its build tool."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.project.builds.wrapper import read_wrapper
from hookserver.project.folder import Folder
from tests.unit.project.trees import WRAPPER, plant, wrapped


def test_complete_wrapper_is_used_with_its_version(tmp_path: Path) -> None:
    wrapper = read_wrapper(Folder(plant(tmp_path, wrapped("8.10"))), "gradle")
    assert (wrapper.script, wrapper.version, wrapper.note) == ("./gradlew", "8.10", "")
    files = {"mvnw": "", WRAPPER: "distributionUrl=https://example.com/apache-maven-3.9.11-bin.zip\n"}
    wrapper = read_wrapper(Folder(plant(tmp_path, files)), "maven")
    assert (wrapper.script, wrapper.version, wrapper.note) == ("./mvnw", "3.9", "")


@pytest.mark.parametrize(("missing", "note"), [("gradle/wrapper/gradle-wrapper.jar", True), ("gradlew", False)])
def test_incomplete_wrapper_is_not_used_and_keeps_its_version(tmp_path: Path, missing: str, note: bool) -> None:
    files = {name: text for name, text in wrapped("7.6").items() if name != missing}
    wrapper = read_wrapper(Folder(plant(tmp_path, files)), "gradle")
    assert (wrapper.script, wrapper.version) == ("", "7.6")
    assert bool(wrapper.note) is note


def test_project_without_a_wrapper_has_none(tmp_path: Path) -> None:
    wrapper = read_wrapper(Folder(tmp_path), "maven")
    assert (wrapper.script, wrapper.version, wrapper.note) == ("", "", "")
