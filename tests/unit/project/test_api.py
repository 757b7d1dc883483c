"""Evidence for javax or jakarta."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.project import default_answers, inspect_project
from tests.unit.project.trees import dependency, plant, pom, servlet


@pytest.mark.parametrize(
    ("version", "api", "servlet_version"),
    [("2.7.18", "javax", None), ("3.3.4", "jakarta", "6.0"), ("4.0.0", "jakarta", "6.1")],
)
def test_spring_boot_version_decides_the_api(
    tmp_path: Path, version: str, api: str, servlet_version: str | None
) -> None:
    parent = (
        "<parent><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-parent</artifactId>"
        f"<version>{version}</version><relativePath/></parent>"
    )
    project = inspect_project(plant(tmp_path, {"pom.xml": pom(parent)}))
    assert [found.value for found in project.api] == [api]
    assert (project.servlet.value if project.servlet else None) == servlet_version
    assert [level.value for level in project.builds[0].java] == ["8" if version.startswith("2") else "17"]


def test_old_descriptor_does_not_contradict_jakarta_imports(tmp_path: Path) -> None:
    files = {
        "pom.xml": pom(""),
        "src/main/java/Shop.java": servlet("jakarta"),
        "src/main/webapp/WEB-INF/web.xml": '<web-app xmlns="http://xmlns.jcp.org/xml/ns/javaee" version="4.0"/>',
    }
    found = inspect_project(plant(tmp_path, files)).api
    assert [(evidence.value, evidence.weak) for evidence in found] == [("jakarta", False), ("javax", True)]


@pytest.mark.parametrize(
    ("group", "artifact", "version", "api"),
    [
        ("org.apache.struts", "struts2-core", "7.0.3", "jakarta"),
        ("org.apache.struts", "struts2-core", "6.7.0", "javax"),
        ("org.glassfish", "jakarta.faces", "4.0.5", "jakarta"),
        ("org.glassfish", "jakarta.faces", "2.3.21", "javax"),
        ("org.glassfish", "javax.faces", "2.3.9", "javax"),
        ("org.apache.myfaces.core", "myfaces-impl", "3.0.2", "jakarta"),
        ("org.glassfish.jersey.containers", "jersey-container-servlet", "3.1.9", "jakarta"),
        ("org.glassfish.jersey.containers", "jersey-container-servlet-core", "2.45", "javax"),
    ],
)
def test_library_version_outweighs_an_old_descriptor(
    tmp_path: Path, group: str, artifact: str, version: str, api: str
) -> None:
    files = {
        "pom.xml": pom(f"<dependencies>{dependency(group, artifact, version)}</dependencies>"),
        "src/main/webapp/WEB-INF/web.xml": '<web-app xmlns="http://java.sun.com/xml/ns/javaee" version="2.5"/>',
    }
    assert default_answers(inspect_project(plant(tmp_path, files))).api == api


@pytest.mark.parametrize("api", ["javax", "jakarta"])
def test_class_in_the_descriptor_is_evidence(tmp_path: Path, api: str) -> None:
    web_xml = (
        '<web-app xmlns="http://java.sun.com/xml/ns/javaee" version="2.5"><servlet>'
        f"<servlet-class>{api}.faces.webapp.FacesServlet</servlet-class></servlet></web-app>"
    )
    found = inspect_project(plant(tmp_path, {"pom.xml": pom(""), "src/main/webapp/WEB-INF/web.xml": web_xml})).api
    assert [(evidence.value, evidence.weak) for evidence in found] == [(api, False), ("javax", True)]
