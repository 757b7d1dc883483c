"""The advice of ``hookserver check`` on sessions."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.config import AppSettings
from hookserver.project import app_of_project, session_advice
from tests.unit.project.trees import plant, pom, servlet

SESSIONS = {
    "pom.xml": pom(""),
    "src/main/java/Shop.java": servlet("javax", inside="void x() { request.getSession(); }"),
}


def app(
    image: str = "tomcat:9.0", sessions: str = "replicated", name: str = "shop", repository: str = "push"
) -> AppSettings:
    return AppSettings.model_validate(
        {
            "name": name,
            "repository": repository,
            "domains": ["shop.example.com"],
            "tomcat": {"image": image},
            "release": {"sessions": sessions},
        }
    )


@pytest.mark.parametrize(
    "image", ["tomcat:7.0-jdk8-temurin", "registry.example.com:5000/library/tomcat:7", "tomcat:8.0"]
)
def test_tomcat_without_replication_is_reported(image: str) -> None:
    (line,) = session_advice(app(image), None)
    assert image in line
    assert "sticky" in line
    assert not list(session_advice(app(image, "sticky"), None))


@pytest.mark.parametrize(
    "image", ["tomcat:8.5-jdk8", "tomcat:9", "tomcat:10.1-jdk17-temurin", "tomcat:latest", "acme/shop:7"]
)
def test_capable_or_unknown_tomcat_is_not_reported(image: str) -> None:
    assert not list(session_advice(app(image), None))


def test_project_beside_the_settings_decides_the_advice(tmp_path: Path) -> None:
    plant(tmp_path, SESSIONS)
    assert app_of_project(tmp_path, [app()]) == "shop"
    (line,) = session_advice(app(), tmp_path)
    assert "sticky suits" in line


def test_project_in_a_subfolder_belongs_to_no_app(tmp_path: Path) -> None:
    plant(tmp_path, {f"jpetstore/{name}": text for name, text in SESSIONS.items()})
    assert app_of_project(tmp_path, [app()]) == ""
    plant(tmp_path, {"old.war": ""})
    assert app_of_project(tmp_path, [app()]) == ""


@pytest.mark.parametrize("address", ["git@forge.example.com:acme/toys.git", "https://me@forge.example.com/acme/toys"])
def test_project_belongs_to_the_only_app_with_its_repository_or_name(tmp_path: Path, address: str) -> None:
    others = [app(name="cart"), app(name="mail")]
    plant(tmp_path, SESSIONS)
    assert app_of_project(tmp_path, others) == ""
    assert app_of_project(tmp_path, [app(name="shop"), *others]) == "shop"
    plant(tmp_path, {".git/config": f'[remote "origin"]\nurl = {address}\n'})
    toys = app(name="toys", repository="ssh://git@forge.example.com/acme/toys.git")
    assert app_of_project(tmp_path, [*others, toys]) == "toys"
