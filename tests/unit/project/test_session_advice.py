"""What check says of an app's sessions."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.config import AppSettings
from hookserver.project import advice
from tests.unit.project.trees import plant, pom, servlet


def app(image: str, sessions: str = "replicated") -> AppSettings:
    return AppSettings.model_validate(
        {
            "name": "shop",
            "repository": "push",
            "domains": ["shop.example.com"],
            "tomcat": {"image": image},
            "release": {"sessions": sessions},
        }
    )


@pytest.mark.parametrize(
    "image", ["tomcat:7.0-jdk8-temurin", "registry.example.com:5000/library/tomcat:7", "tomcat:8.0"]
)
def test_a_tomcat_that_cannot_replicate_is_told_by_its_name(image: str, tmp_path: Path) -> None:
    (line,) = advice(app(image), tmp_path)
    assert image in line
    assert "sticky" in line
    assert not list(advice(app(image, "sticky"), tmp_path))


@pytest.mark.parametrize(
    "image", ["tomcat:8.5-jdk8", "tomcat:9", "tomcat:10.1-jdk17-temurin", "tomcat:latest", "acme/shop:7"]
)
def test_nothing_is_said_of_a_tomcat_that_can_or_whose_name_does_not_tell(image: str, tmp_path: Path) -> None:
    assert not list(advice(app(image), tmp_path))


def test_the_project_beside_the_settings_says_which_mode_suits(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {"pom.xml": pom(""), "src/main/java/Shop.java": servlet("javax", inside="void x() { request.getSession(); }")},
    )
    (line,) = advice(app("tomcat:9.0"), tmp_path)
    assert "sticky suits" in line
