"""What a person has to decide is listed."""

from __future__ import annotations

from pathlib import Path

from hookserver.project import default_answers, inspect_project, open_points, render_settings
from tests.unit.project.trees import plant, pom, servlet


def test_folder_without_a_build_asks_for_one(tmp_path: Path) -> None:
    project = inspect_project(plant(tmp_path, {"README": ""}))
    assert any(
        point.startswith("build: this folder has no pom.xml")
        for point in open_points(project, default_answers(project))
    )


def test_contradiction_between_javax_and_jakarta_is_to_decide(tmp_path: Path) -> None:
    files = {"pom.xml": pom(""), "src/main/java/A.java": servlet("javax"), "src/main/java/B.java": servlet("jakarta")}
    project = inspect_project(plant(tmp_path, files))
    assert "tomcat.image: parts of the project use javax, others jakarta" in open_points(
        project, default_answers(project)
    )


def test_health_path_behind_a_login_is_to_decide(tmp_path: Path) -> None:
    web_xml = (
        "<web-app><security-constraint><web-resource-collection><url-pattern>/*</url-pattern></web-resource-collection>"
        "<auth-constraint/></security-constraint></web-app>"
    )
    files = {
        "pom.xml": pom(""),
        "src/main/webapp/WEB-INF/web.xml": web_xml,
        "src/main/webapp/index.jsp": "<h1>Shop</h1>",
    }
    project = inspect_project(plant(tmp_path, files))
    assert any("health.path: / is a guess" in point for point in open_points(project, default_answers(project)))
    assert "requires a login here" in render_settings(project, default_answers(project)).replace("\n# ", " ")
