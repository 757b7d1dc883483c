"""The inspection as a whole: the order of builds, and any content."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path

import pytest

from hookserver.errors import HookserverError
from hookserver.project import inspect_project, survey
from tests.unit.project.trees import cpu_seconds, plant, pom


def test_empty_folder_has_no_findings(tmp_path: Path) -> None:
    project = inspect_project(tmp_path)
    assert (project.builds, project.api, project.cautions, project.notes) == ((), (), (), ())
    assert project.health.is_guess


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (
            "FROM maven:3.9 AS made\nRUN mvn package\nFROM tomcat:10.1\nCOPY --from=made /w.war /",
            ["dockerfile", "maven"],
        ),
        ("FROM tomcat:10.1\nCOPY target/*.war /usr/local/tomcat/webapps/", ["maven", "dockerfile"]),
        ("FROM debian\nRUN true", ["maven", "dockerfile"]),
    ],
)
def test_complete_dockerfile_is_proposed_first(tmp_path: Path, text: str, kinds: list[str]) -> None:
    project = inspect_project(plant(tmp_path, {"Dockerfile": text, "pom.xml": pom("")}))
    assert [build.kind for build in project.builds] == kinds


def test_dockerfile_of_a_jar_is_proposed_first(tmp_path: Path) -> None:
    files = {"Dockerfile": "FROM eclipse-temurin:21\nCOPY --from=b /app.jar /", "pom.xml": pom("", packaging="jar")}
    project = inspect_project(plant(tmp_path, files))
    assert [build.kind for build in project.builds] == ["dockerfile", "maven"]
    assert any("makes no WAR" in note for note in project.builds[1].notes)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("build.xml", '<project default="a">' + '<target name="a" depends="a"><war/></target>' * 5_000 + "</project>"),
        ("build.xml", f"<project>{'<path>' * 15_000}{'</path>' * 15_000}</project>"),
        (
            "build.xml",
            "<project>"
            + "".join(f'<target name="t{n}" depends="t{n + 1}"><war destfile="a.war"/></target>' for n in range(3_500))
            + "</project>",
        ),
        ("build.gradle", "\n" * 300_000),
        ("build.gradle", "/*" * 150_000),
        ("build.gradle", "war {" * 60_000),
        ("build.gradle", "project(':a') {\n" * 15_000),
        ("build.gradle", "plugins {" * 25_000),
        ("build.gradle", "id 'war'" + " " * 300_000),
        *(
            ("build.gradle", f"apply plugin: 'war'\n{word}{' ' * 250_000}")
            for word in ("id", "alias", "targetCompatibility", "archiveFileName", "includeBuild", "allprojects")
        ),
        ("settings.gradle", f"include{' ' * 250_000}"),
        ("build.gradle", f"a = '{'$a' * 45}'\n\"" + "$a" * 120_000),
        ("build.gradle", "libs.a" * 40_000),
        ("settings.gradle", "include 'a'\n" * 20_000),
        ("buildSrc/src/main/groovy/a.gradle", "plugins { id 'a' }" * 14_000),
        ("src/main/java/A.java", "/*" * 150_000),
        ("src/main/java/A.java", "@WebServlet(" * 25_000),
        ("src/main/java/A.java", '"' * 300_000),
        ("src/main/java/A.java", '"\\' * 150_000),
        ("src/main/java/A.java", 'request.getSession().setAttribute("a", a);' + "A<" * 120_000),
        ("src/main/java/A.java", 'request.getSession().setAttribute("a", new A());' + "class A(" * 30_000),
        ("src/main/webapp/index.jsp", "${sessionScope.cart}" + "<jsp:useBean " * 19_000),
        ("src/main/webapp/index.jsp", 'import="' * 40_000),
        ("src/main/webapp/index.jsp", "sendRedirect(" * 25_000),
        ("src/main/resources/a.properties", " " * 300_000),
        ("src/main/resources/a.xml", "<!--" * 75_000),
        ("Dockerfile", "\\\n" * 150_000),
    ],
)
def test_hostile_text_is_read_quickly(tmp_path: Path, name: str, text: str) -> None:
    plant(tmp_path, {name: text})
    began = cpu_seconds()
    inspect_project(tmp_path)
    assert cpu_seconds() - began < 3


def test_binary_content_is_accepted(tmp_path: Path) -> None:
    plant(tmp_path, {"pom.xml": "", "build.gradle": "", "src/main/java/A.java": ""})
    for file in tmp_path.rglob("*.*"):
        if file.is_file():
            file.write_bytes(bytes(range(256)) * 10)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as war:
        war.writestr("WEB-INF/web.xml", bytes(range(256)))
    (tmp_path / "a.war").write_bytes(archive.getvalue()[:-30] + b"\0" * 30)
    assert {build.kind for build in inspect_project(tmp_path).builds} == {"maven", "gradle", "war"}


def test_inspection_that_takes_too_long_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey, "_SECONDS", 1)
    monkeypatch.setattr(survey, "_inspect", lambda *_: time.sleep(60))

    with pytest.raises(HookserverError, match="the inspection of the project was stopped: it did not end within 1 s"):
        inspect_project(tmp_path)
