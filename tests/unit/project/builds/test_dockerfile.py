"""A project's own Dockerfile: the app's URL path, and its port."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.config import parse
from hookserver.project import default_answers, inspect_project, open_points, render_settings
from hookserver.project.builds.dockerfile import is_complete
from tests.unit.project.trees import plant

BUILT = "FROM maven:3.9 AS b\nRUN mvn package\nFROM tomcat:9.0\n"
WEBAPPS = "/usr/local/tomcat/webapps"


@pytest.mark.parametrize(
    ("steps", "path"),
    [
        (f"COPY --from=b /app/target/jpetstore.war {WEBAPPS}/jpetstore.war", "/jpetstore"),
        (f"COPY --from=b /app/target/jpetstore.war {WEBAPPS}/", "/jpetstore"),
        ('COPY --from=b ["/app/shop.war", "$CATALINA_HOME/webapps/shop.war"]', "/shop"),
        (f"COPY --from=b --chown=1:1 \\\n  # why\n  /app/exploded {WEBAPPS}/shop/", "/shop"),
        ("WORKDIR /usr/local/tomcat\nCOPY --from=b /a.war webapps/a#b.war", "/a/b"),
        (f"WORKDIR {WEBAPPS}\nCOPY --from=b /shop.war .\nCOPY --from=b /run.sh run.sh", "/shop"),
        (f"COPY --from=b /shop.war /tmp/\nRUN rm -rf {WEBAPPS}/old && mv /tmp/shop.war {WEBAPPS}/shop##7.war", "/shop"),
        (f"COPY --from=b /shop.war {WEBAPPS}/ROOT.war", "/"),
        (f"COPY --from=b /x.xml {WEBAPPS}/manager/META-INF/context.xml\nCOPY --from=b /a {WEBAPPS}/ROOT", "/"),
        ("RUN true", "/"),
        (f"RUN rm -rf {WEBAPPS}/ROOT {WEBAPPS}/docs", "/"),
    ],
)
def test_app_path_is_that_of_the_last_stage(tmp_path: Path, steps: str, path: str) -> None:
    project = inspect_project(plant(tmp_path, {"Dockerfile": f"{BUILT}{steps}\n"}))
    answers = default_answers(project)
    (app,) = parse(render_settings(project, answers), tmp_path / "hookserver.toml").settings.apps.values()
    assert (app.path, app.health.path, answers.health) == (path, f"{path.rstrip('/')}/", f"{path.rstrip('/')}/")


def test_steps_of_the_base_stage_count_too(tmp_path: Path) -> None:
    text = f"FROM tomcat:9.0 AS base\nCOPY web {WEBAPPS}/shop\nFROM debian AS other\nFROM base\nRUN true\n"
    assert default_answers(inspect_project(plant(tmp_path, {"Dockerfile": text}))).health == "/shop/"


def test_unknown_app_name_makes_a_guess(tmp_path: Path) -> None:
    files = {"Dockerfile": f"{BUILT}COPY --from=b /app/target/*.war {WEBAPPS}/", "web/index.html": "<h1>Shop</h1>"}
    project = inspect_project(plant(tmp_path, files))
    assert any("health.path: / is a guess" in point for point in open_points(project, default_answers(project)))


def test_health_page_is_below_the_app_path(tmp_path: Path) -> None:
    files = {"Dockerfile": f"{BUILT}COPY --from=b /shop.war {WEBAPPS}/", "src/main/webapp/ping.jsp": "ok"}
    assert default_answers(inspect_project(plant(tmp_path, files))).health == "/shop/ping.jsp"


@pytest.mark.parametrize(("ports", "is_reported"), [("9090/tcp", True), ("8009 8080", False), ("", False)])
def test_other_port_is_reported(tmp_path: Path, ports: str, is_reported: bool) -> None:
    project = inspect_project(plant(tmp_path, {"Dockerfile": f"{BUILT}{f'EXPOSE {ports}' if ports else ''}\n"}))
    assert any("EXPOSE 9090" in point for point in open_points(project, default_answers(project))) is is_reported
    assert [build.kind for build in project.builds] == ["dockerfile"]


def test_dockerfile_without_a_base_image_is_incomplete(tmp_path: Path) -> None:
    build = inspect_project(plant(tmp_path, {"Dockerfile": "RUN true\n"})).builds[0]
    assert build.description == "Dockerfile without FROM"
    assert not is_complete(build)
