"""Access rules of a ``web.xml`` that prevent a 200."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest

from hookserver.project.constraints import access_restriction
from hookserver.project.web_app import WebApp

LOGIN = "<auth-constraint><role-name>staff</role-name></auth-constraint>"
HTTPS = "<user-data-constraint><transport-guarantee>CONFIDENTIAL</transport-guarantee></user-data-constraint>"


def constraint(pattern: str, asks: str, methods: str = "") -> str:
    return (
        f"<security-constraint><web-resource-collection><url-pattern>{pattern}</url-pattern>{methods}"
        f"</web-resource-collection>{asks}</security-constraint>"
    )


def reason(path: str, *constraints: str, method: str = "BASIC") -> str:
    login = f"<login-config><auth-method>{method}</auth-method></login-config>" if method else ""
    root = fromstring(f"<web-app>{''.join(constraints)}{login}</web-app>")
    return access_restriction(WebApp("", "web.xml", root), path)


@pytest.mark.parametrize("method", ["BASIC", "DIGEST", "CLIENT-CERT", ""])
def test_login_restricts_access(method: str) -> None:
    assert "401 or 403" in reason("/", constraint("/*", LOGIN), method=method)


def test_form_login_answers_with_its_page() -> None:
    assert reason("/", constraint("/*", LOGIN), method="FORM") == ""


def test_https_restricts_plain_http_with_any_login() -> None:
    assert "HTTPS" in reason("/", constraint("/*", HTTPS), method="")
    assert "HTTPS" in reason("/", constraint("/*", LOGIN + HTTPS), method="FORM")


@pytest.mark.parametrize(
    ("path", "pattern", "matches"),
    [
        ("/", "/", True),
        ("/shop", "/shop", True),
        ("/shop", "/shop/*", True),
        ("/shopping", "/shop/*", False),
        ("/a.do", "*.do", True),
        ("/a", "/", True),
        ("/a", "/b", False),
    ],
)
def test_pattern_matches_paths_as_in_the_specification(path: str, pattern: str, matches: bool) -> None:
    assert bool(reason(path, constraint(pattern, LOGIN))) is matches


def test_closest_pattern_applies() -> None:
    assert reason("/health", constraint("/*", LOGIN), constraint("/health", "")) == ""
    assert reason("/shop/x", constraint("/*", ""), constraint("/shop/*", LOGIN))
    assert reason("/", constraint("/*", LOGIN), constraint("/*", "")) == ""


def test_constraint_of_other_methods_does_not_apply() -> None:
    assert reason("/", constraint("/*", LOGIN, "<http-method>POST</http-method>")) == ""
    assert reason("/", constraint("/*", LOGIN, "<http-method-omission>GET</http-method-omission>")) == ""
    assert reason("/", constraint("/*", LOGIN, "<http-method>get</http-method>"))


def test_missing_descriptor_restricts_nothing() -> None:
    assert access_restriction(WebApp("", "", None), "/") == ""
