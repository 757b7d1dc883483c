"""Cautions about two replicas and new containers."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.project import Project, inspect_project
from tests.unit.project.trees import dependency, plant, pom, servlet


def cautions_of(project: Project, topic: str) -> str:
    return " | ".join(caution.text for caution in project.cautions if caution.topic == topic)


def test_scheduled_job_runs_in_each_replica(tmp_path: Path) -> None:
    files = {
        "pom.xml": pom(""),
        "src/main/java/Mail.java": 'class Mail { @Scheduled(cron = "0 0 * * * *") void send() {} }',
    }
    project = inspect_project(plant(tmp_path, files))
    assert "@Scheduled in src/main/java/Mail.java" in cautions_of(project, "replicas")
    assert "in each replica" in cautions_of(project, "replicas")


@pytest.mark.parametrize(
    ("library", "url", "is_embedded"),
    [
        (("com.h2database", "h2", "2.2.224"), "", True),
        (("com.h2database", "h2", "2.2.224"), "jdbc:h2:tcp://db/shop", True),
        (("org.postgresql", "postgresql", "42.7.4"), "jdbc:postgresql://db.example/shop", False),
        (("org.postgresql", "postgresql", "42.7.4"), "jdbc:h2:mem:shop;DB_CLOSE_DELAY=-1", True),
        (("org.hsqldb", "hsqldb", "2.7"), "jdbc:hsqldb:file:/var/shop", True),
        (("org.xerial", "sqlite-jdbc", "3.4"), "jdbc:sqlite:shop.db", True),
    ],
)
def test_database_inside_the_app_is_found(
    tmp_path: Path, library: tuple[str, str, str], url: str, is_embedded: bool
) -> None:
    files = {"pom.xml": pom(f"<dependencies>{dependency(*library)}</dependencies>")}
    files["src/main/resources/application.properties"] = f"spring.datasource.url={url}\n"
    project = inspect_project(plant(tmp_path, files))
    assert bool(project.embedded) is is_embedded
    assert ("database inside the app" in cautions_of(project, "replicas")) is is_embedded


def test_embedded_database_of_tests_does_not_count(tmp_path: Path) -> None:
    library = dependency("com.h2database", "h2", "2.2", "test")
    assert inspect_project(plant(tmp_path, {"pom.xml": pom(f"<dependencies>{library}</dependencies>")})).embedded == ""


def test_database_on_localhost_is_reported_without_its_password(tmp_path: Path) -> None:
    files = {
        "pom.xml": pom(""),
        "src/main/resources/db.properties": "url=jdbc:mysql://shop:geheim@localhost:3306/shop?password=geheim\n",
        "src/main/resources/old.properties": "url=jdbc:oracle:thin:scott/geheim@//localhost:1521/x\n",
    }
    project = inspect_project(plant(tmp_path, files))
    assert "host.docker.internal" in cautions_of(project, "tomcat")
    assert "geheim" not in repr(project.cautions)


def test_database_of_an_inactive_profile_is_reported_with_the_profile(tmp_path: Path) -> None:
    profile = "<profiles><profile><id>{}</id>{}<properties><url>jdbc:mysql://localhost/{}</url></properties></profile></profiles>"
    root = plant(tmp_path, {"pom.xml": pom(profile.format("MySQL", "", "shop"))})
    assert "only with the profile MySQL" in cautions_of(inspect_project(root), "tomcat")
    active = "<activation><activeByDefault>true</activeByDefault></activation>"
    plant(tmp_path, {"pom.xml": pom(profile.format("MySQL", active, "shop"))})
    assert "localhost" in cautions_of(inspect_project(root), "tomcat")
    assert "only with" not in cautions_of(inspect_project(root), "tomcat")


def test_files_and_resources_are_reported(tmp_path: Path) -> None:
    files = {
        "pom.xml": pom(""),
        "src/main/java/Shop.java": servlet("javax", inside="void x() { new FileOutputStream(f); }"),
        "src/main/webapp/WEB-INF/web.xml": "<web-app><resource-ref>"
        "<res-ref-name>jdbc/shop</res-ref-name></resource-ref></web-app>",
        "src/main/webapp/META-INF/context.xml": '<Context path="/shop"/>',
    }
    project = inspect_project(plant(tmp_path, files))
    assert "jdbc/shop" in cautions_of(project, "tomcat")
    assert "volumes" in cautions_of(project, "tomcat")
    assert "path=/shop" in cautions_of(project, "app")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("struts.xml", '<struts><constant name="struts.devMode" value="true"/></struts>'),
        ("struts.properties", "struts.devMode = true\n"),
    ],
)
def test_struts_dev_mode_is_reported(tmp_path: Path, name: str, text: str) -> None:
    project = inspect_project(plant(tmp_path, {"pom.xml": pom(""), f"src/main/resources/{name}": text}))
    assert "health.body" in cautions_of(project, "health")
    plant(tmp_path, {f"src/main/resources/{name}": text.replace("true", "false")})
    assert not cautions_of(inspect_project(tmp_path), "health")


def test_quartz_library_runs_in_each_replica(tmp_path: Path) -> None:
    library = dependency("org.quartz-scheduler", "quartz", "2.3.2")
    project = inspect_project(plant(tmp_path, {"pom.xml": pom(f"<dependencies>{library}</dependencies>")}))
    assert "scheduled jobs (quartz 2.3.2 in pom.xml)" in cautions_of(project, "replicas")


def test_embedded_database_in_code_is_found(tmp_path: Path) -> None:
    files = {"pom.xml": pom(""), "src/main/java/Data.java": "class Data { Object b = new EmbeddedDatabaseBuilder(); }"}
    project = inspect_project(plant(tmp_path, files))
    assert project.embedded == "EmbeddedDatabaseBuilder in src/main/java/Data.java"


def test_resource_of_the_app_needs_its_driver_in_tomcat(tmp_path: Path) -> None:
    context = '<Context><Resource name="jdbc/shop"/></Context>'
    files = {"pom.xml": pom(""), "src/main/webapp/META-INF/context.xml": context}
    project = inspect_project(plant(tmp_path, files))
    assert "context.xml defines jdbc/shop: its driver must be in Tomcat's lib" in cautions_of(project, "tomcat")
