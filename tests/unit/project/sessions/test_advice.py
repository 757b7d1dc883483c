"""The advice of ``hookserver check`` and ``init`` on sessions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hookserver.config import AppSettings
from hookserver.project import app_of_project, default_answers, inspect_project, proposed_sessions, session_advice
from tests.unit.project.trees import plant, pom, servlet

SESSIONS = {
    "pom.xml": pom(""),
    "src/main/java/Shop.java": servlet("javax", inside="void x() { request.getSession(); }"),
}


def app(
    image: str = "tomcat:9.0", sessions: str = "shared", name: str = "shop", repository: str = "push"
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


def test_shared_on_an_old_tomcat_is_reported() -> None:
    (line,) = session_advice(app("tomcat:7.0-jdk8-temurin"), None)
    assert "release.sessions is shared, but tomcat:7.0-jdk8-temurin cannot share sessions" in line
    assert line.endswith('or set sessions = "sticky"')
    assert not list(session_advice(app("tomcat:7.0-jdk8-temurin", "sticky"), None))


def test_each_problem_of_shared_in_the_project_is_reported(tmp_path: Path) -> None:
    manager = '<Context><Manager className="org.apache.catalina.session.PersistentManager"/></Context>'
    bean = "@SessionScoped class Cart { }"
    plant(tmp_path, {**SESSIONS, "META-INF/context.xml": manager, "shop/Cart.java": bean})
    one, two = session_advice(app(), tmp_path)
    assert "PersistentManager in META-INF/context.xml" in one
    assert "Cart (put there by shop/Cart.java)" in two


def test_setting_that_suits_is_not_reported(tmp_path: Path) -> None:
    plant(tmp_path, SESSIONS)
    assert not list(session_advice(app(), tmp_path))
    plant(tmp_path, {"shop/Cart.java": "@SessionScoped class Cart { }"})
    assert not list(session_advice(app(sessions="sticky"), tmp_path))


@pytest.mark.parametrize("sessions", ["none", "sticky"])
def test_project_beside_the_settings_decides_the_advice(tmp_path: Path, sessions: str) -> None:
    plant(tmp_path, SESSIONS)
    assert app_of_project(tmp_path, [app()]) == "shop"
    (line,) = session_advice(app(sessions=sessions), tmp_path)
    assert line.startswith(f"in {tmp_path}, sessions are used")
    assert "shared suits" in line


def test_tomcat_of_the_own_dockerfile_counts(tmp_path: Path) -> None:
    plant(tmp_path, {**SESSIONS, "Dockerfile": "FROM tomcat:7.0"})
    (line,) = session_advice(app("tomcat:9.0"), tmp_path)
    assert "tomcat:7.0 cannot share sessions" in line


@pytest.mark.parametrize(
    ("files", "mode"),
    [
        ({}, "shared"),
        ({"src/main/webapp/WEB-INF/web.xml": "<web-app/>"}, "shared"),
        ({"shop/Cart.java": "@SessionScoped class Cart { }"}, "sticky"),
        ({"Dockerfile": "FROM tomcat:9.0"}, "shared"),
        ({"Dockerfile": "FROM tomcat:7.0"}, "sticky"),
    ],
)
def test_proposal_is_shared_unless_something_is_against_it(tmp_path: Path, files: dict[str, str], mode: str) -> None:
    project = inspect_project(plant(tmp_path, {**SESSIONS, **files}))
    advice = proposed_sessions(project, default_answers(project))
    assert advice
    assert advice.mode == mode


def test_image_that_is_no_tomcat_keeps_sticky(tmp_path: Path) -> None:
    project = inspect_project(plant(tmp_path, {**SESSIONS, "Dockerfile": "FROM jetty:12"}))
    advice = proposed_sessions(project, replace(default_answers(project), kind="dockerfile"))
    assert advice
    assert "jetty:12 is not known to be a Tomcat" in advice.text


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
