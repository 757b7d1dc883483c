"""The health path and the app's context."""

from __future__ import annotations

import pytest

from hookserver.config import AppSettings, health_outside


def app(path: str, health: str, kind: str = "maven", context: str = "") -> AppSettings:
    return AppSettings.model_validate(
        {
            "name": "shop",
            "repository": "push",
            "domains": ["shop.example.com"],
            "path": path,
            "build": {"kind": kind},
            "tomcat": {"context": context},
            "health": {"path": health},
        }
    )


@pytest.mark.parametrize(
    ("path", "health", "remedy"),
    [
        ("/shop", "/", "remove it"),
        ("/shop", "/shop", "remove it"),
        ("/a/b", "/well.jsp", "write /a/b/well.jsp"),
    ],
)
def test_health_path_outside_the_context_is_reported_with_the_remedy(path: str, health: str, remedy: str) -> None:
    assert remedy in health_outside(app(path, health))


@pytest.mark.parametrize(
    "inside",
    [
        app("/shop", ""),
        app("/shop", "/shop/well.jsp"),
        app("/", "/well.jsp"),
        app("/shop", "/well.jsp", context="ROOT"),
        app("/shop", "/well.jsp", kind="dockerfile"),
    ],
)
def test_health_path_inside_the_context_is_not_reported(inside: AppSettings) -> None:
    assert not health_outside(inside)
