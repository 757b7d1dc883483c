"""The path for the health check."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.project import inspect_project
from tests.unit.project.trees import dependency, plant, pom, servlet


@pytest.mark.parametrize(
    ("files", "path", "is_guess"),
    [
        ({}, "/", True),
        ({"src/main/webapp/index.html": "<h1>Shop</h1>"}, "/", False),
        ({"src/main/webapp/index.jsp": '<c:redirect url="/owners"/>'}, "/owners", False),
        ({"src/main/webapp/index.html": '<meta http-equiv="refresh" content="0; url=shop/main">'}, "/shop/main", False),
        ({"src/main/webapp/index.jsp": '<% response.sendRedirect("https://x.example"); %>'}, "/", True),
        ({"src/main/webapp/index.jsp": "<c:redirect url='/owners'/>"}, "/owners", False),
        ({"src/main/webapp/index.jsp": "<c:redirect context='/x' url='${there}'/>"}, "/", True),
        ({"src/main/webapp/index.jsp": '<logic:redirect forward="welcome"/>'}, "/", True),
        ({"src/main/webapp/index.jsp": '<logic:redirect page="/shop.do"/>'}, "/shop.do", False),
        ({"src/main/webapp/index.jsp": "<% response.sendRedirect(start); %>"}, "/", True),
        ({"src/main/webapp/index.jsp": '<% response.setHeader("Location", "/shop"); %>'}, "/shop", False),
        ({"src/main/webapp/index.jsp": '<% response.setHeader("Location", url + "a"); %>'}, "/", True),
        ({"src/main/java/H.java": servlet("jakarta", "H", "/health")}, "/health", False),
        ({"src/main/java/H.java": '@GetMapping("/health")\nclass H {}'}, "/", True),
        ({"src/main/webapp/ping.jsp": "ok"}, "/ping.jsp", False),
        ({"src/main/webapp/HelloWorld.jsp": "hi"}, "/HelloWorld.jsp", True),
        ({"src/main/webapp/HelloWorld.jsp": "hi", "src/main/webapp/index.jsp": "hi"}, "/", False),
        ({"src/main/webapp/a.jsp": "hi", "src/main/webapp/b.jsp": "hi"}, "/", True),
        (
            {
                "src/main/webapp/WEB-INF/web.xml": "<web-app><servlet-mapping><servlet-name>h</servlet-name>"
                "<url-pattern>/healthz</url-pattern></servlet-mapping></web-app>"
            },
            "/healthz",
            False,
        ),
    ],
)
def test_health_path_is_the_likeliest_one(tmp_path: Path, files: dict[str, str], path: str, is_guess: bool) -> None:
    health = inspect_project(plant(tmp_path, {"pom.xml": pom(""), **files})).health
    assert (health.path, health.is_guess) == (path, is_guess)


def test_actuator_path_is_read_from_the_settings(tmp_path: Path) -> None:
    libraries = dependency("org.springframework.boot", "spring-boot-starter-actuator", "")
    libraries += dependency("org.springframework.boot", "spring-boot-starter-security", "")
    files = {
        "pom.xml": pom(f"<dependencies>{libraries}</dependencies>"),
        "src/main/resources/application.yml": "management:\n  endpoints:\n    web:\n      base-path: /manage # ours\n",
    }
    health = inspect_project(plant(tmp_path, files)).health
    assert (health.path, health.is_guess) == ("/manage/health", False)
    assert "401" in health.notes[0]


def test_actuator_on_a_port_of_its_own_is_reported(tmp_path: Path) -> None:
    library = dependency("org.springframework.boot", "spring-boot-starter-actuator", "")
    files = {
        "pom.xml": pom(f"<dependencies>{library}</dependencies>"),
        "src/main/resources/application.properties": "management.server.port=9001\n",
    }
    health = inspect_project(plant(tmp_path, files)).health
    assert health.path == "/actuator/health"
    assert "Tomcat's own port" in health.notes[0]
