"""The proposed table of the build."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.config import parse
from hookserver.project import default_answers, inspect_project, open_points, render_settings
from hookserver.project.findings import Evidence
from hookserver.project.proposed_build import build_table
from tests.unit.project.trees import ANT, MULTI_MODULE, plant, pom


def test_folder_without_a_build_gets_the_key_to_set(tmp_path: Path) -> None:
    project = inspect_project(plant(tmp_path, {}))
    (line,) = build_table(project, default_answers(project), None, None)
    assert line.startswith('# kind = "auto"')


def test_build_in_modules_names_them_and_its_builder_image(tmp_path: Path) -> None:
    project = inspect_project(plant(tmp_path, MULTI_MODULE))
    build = project.builds[0]
    text = "\n".join(build_table(project, default_answers(project), build, None))
    assert 'kind = "maven"' in text
    assert 'image = "maven:3.9-' in text
    assert all(module in text for module in build.modules)


def test_unknown_kind_of_build_is_not_proposed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("answers", "proposed_build", "undecided"):
        monkeypatch.setattr(f"hookserver.project.{module}.kinds", lambda: ("maven", "war"))
    project = inspect_project(plant(tmp_path, ANT))
    answers = default_answers(project)
    assert any("this version does not build ant" in point for point in open_points(project, answers))
    assert 'kind = "ant"' not in render_settings(project, answers)


def test_proposal_names_the_certificates_of_the_machine(tmp_path: Path) -> None:
    project = inspect_project(plant(tmp_path, {"pom.xml": pom("")}))
    trusted = Evidence("/etc/ssl/mine.pem", "$SSL_CERT_FILE of this machine")
    text = render_settings(project, default_answers(project), trusted)
    assert str(parse(text, tmp_path).settings.apps["shop"].build.ca_bundle) == "/etc/ssl/mine.pem"
    assert "$SSL_CERT_FILE of this machine" in text
