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
        ("/shop", "/", "leave it out"),
        ("/shop", "/shop", "leave it out"),
        ("/a/b", "/well.jsp", "say /a/b/well.jsp"),
    ],
)
def test_health_path_that_the_context_cannot_answer_is_reported(path: str, health: str, remedy: str) -> None:
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
def test_possible_health_path_is_not_reported(inside: AppSettings) -> None:
    assert not health_outside(inside)
