"""Which ``release.sessions`` suits."""

from __future__ import annotations

import pytest

from hookserver.project.findings import SessionUse
from hookserver.project.sessions.suitability import SessionAdvice, advise, advise_without_tomcat, too_old

TOMCAT = "tomcat:10.1-jdk17-temurin"


def advised(use: SessionUse, image: str = TOMCAT) -> SessionAdvice:
    advice = advise(use, image)
    assert advice
    return advice


def test_shared_suits_where_all_can_be_serialized() -> None:
    advice = advised(SessionUse("Shop.java"))
    assert advice.mode == "shared"
    assert "Shop.java" in advice.text
    assert "a reboot, also with one replica" in advice.text


def test_sticky_suits_for_unserializable_classes_which_are_named() -> None:
    advice = advised(SessionUse("Shop.java", unserializable=("Cart (put there by Shop.java)",)))
    assert advice.mode == "sticky"
    assert "Cart (put there by Shop.java): let them implement java.io.Serializable" in advice.text


def test_sticky_suits_beside_a_manager_of_the_apps_own() -> None:
    advice = advised(SessionUse("Shop.java", manager="PersistentManager in META-INF/context.xml"))
    assert advice.mode == "sticky"
    assert "PersistentManager in META-INF/context.xml" in advice.text


def test_sticky_suits_an_old_tomcat() -> None:
    advice = advised(SessionUse("Shop.java"), "tomcat:7.0-jdk8-temurin")
    assert advice.mode == "sticky"
    assert "tomcat:7.0-jdk8-temurin cannot share sessions" in advice.text


def test_sticky_suits_a_base_without_tomcat() -> None:
    advice = advise_without_tomcat(SessionUse("Shop.java"), "jetty:12")
    assert advice
    assert (advice.mode, "jetty:12" in advice.text) == ("sticky", True)


def test_nothing_is_advised_without_sessions() -> None:
    assert advise(SessionUse(), TOMCAT) is advise_without_tomcat(SessionUse(), "jetty:12") is None


@pytest.mark.parametrize("image", ["tomcat:7.0-jdk8", "registry.example.com:5000/library/tomcat:7", "tomcat:8.0"])
def test_tomcat_before_8_5_is_too_old(image: str) -> None:
    assert image in too_old(image)


@pytest.mark.parametrize(
    "image", ["tomcat:8.5-jdk8", "tomcat:9", "tomcat:10.1-jdk17-temurin", "tomcat:latest", "acme/shop:7"]
)
def test_newer_or_unknown_tomcat_is_not_too_old(image: str) -> None:
    assert too_old(image) == ""
