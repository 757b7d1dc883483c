"""Spring MVC handlers of the root."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.project import inspect_project
from tests.unit.project.trees import plant, pom


@pytest.mark.parametrize(
    ("files", "path", "is_guess"),
    [
        ({"src/main/java/H.java": '@Controller class H { @GetMapping("/") String h() { return "a"; } }'}, "/", False),
        ({"src/main/java/H.java": '@GetMapping({"", "/"})\nString h() { return "redirect:/a"; }'}, "/", True),
        ({"src/main/java/H.java": '@RequestMapping("/")\npublic class H {\n}'}, "/", True),
        ({"src/main/java/H.java": '@RequestMapping("/api") class H { @GetMapping("/") String h() { } }'}, "/", True),
        ({"src/main/java/H.java": '@RequestMapping(value = "/", method = RequestMethod.POST) void h() {}'}, "/", True),
        ({"src/main/resources/mvc.xml": '<b><mvc:view-controller path="/" view-name="welcome"/></b>'}, "/", False),
        ({"src/main/resources/mvc.xml": '<b><mvc:view-controller path="/" view-name="redirect:/a"/></b>'}, "/", True),
    ],
)
def test_controller_of_the_root_is_trusted_if_it_shows_a_page(
    tmp_path: Path, files: dict[str, str], path: str, is_guess: bool
) -> None:
    health = inspect_project(plant(tmp_path, {"pom.xml": pom(""), **files})).health
    assert (health.path, health.is_guess) == (path, is_guess)


def test_controller_of_the_root_does_not_count_if_spring_gets_other_paths(tmp_path: Path) -> None:
    files = {
        "pom.xml": pom(""),
        "src/main/java/H.java": '@Controller class H { @GetMapping("/") String h() { return "a"; } }',
        "src/main/webapp/WEB-INF/web.xml": "<web-app><servlet-mapping><url-pattern>*.do</url-pattern>"
        "</servlet-mapping></web-app>",
    }
    assert inspect_project(plant(tmp_path, files)).health.is_guess
