"""Environment variables that a project reads."""

from __future__ import annotations

from pathlib import Path

from hookserver.project import default_answers, inspect_project, render_settings
from tests.unit.project.trees import plant, pom


def test_variables_are_offered_with_the_files_that_read_them(tmp_path: Path) -> None:
    files = {
        "pom.xml": pom(""),
        "src/main/java/Shop.java": 'String url = System.getenv("DB_URL"); String home = System.getenv("HOME");',
        "src/main/resources/application.properties": "mail=${MAIL_HOST:localhost}\nagain=${DB_URL}\nnot=${name}",
    }
    project = inspect_project(plant(tmp_path, files))
    assert [variable.value for variable in project.variables] == ["DB_URL", "MAIL_HOST"]
    text = render_settings(project, default_answers(project))
    assert '# env = { DB_URL = "", MAIL_HOST = "" }' in text
    assert "read by src/main/java/Shop.java, src/main/resources/application.properties" in text
