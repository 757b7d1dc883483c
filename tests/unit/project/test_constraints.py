"""What stands between a path and its 200."""

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
def test_a_login_is_in_the_way(method: str) -> None:
    assert "401 or 403" in reason("/", constraint("/*", LOGIN), method=method)


def test_a_form_answers_with_its_page() -> None:
    assert reason("/", constraint("/*", LOGIN), method="FORM") == ""


def test_https_is_in_the_way_of_plain_http_whatever_the_login() -> None:
    assert "HTTPS" in reason("/", constraint("/*", HTTPS), method="")
    assert "HTTPS" in reason("/", constraint("/*", LOGIN + HTTPS), method="FORM")


@pytest.mark.parametrize(
    ("path", "pattern", "is_meant"),
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
def test_a_pattern_means_paths_as_tomcat_has_it(path: str, pattern: str, is_meant: bool) -> None:
    assert bool(reason(path, constraint(pattern, LOGIN))) is is_meant


def test_the_closest_pattern_decides() -> None:
    assert reason("/health", constraint("/*", LOGIN), constraint("/health", "")) == ""
    assert reason("/shop/x", constraint("/*", ""), constraint("/shop/*", LOGIN))
    assert reason("/", constraint("/*", LOGIN), constraint("/*", "")) == ""


def test_a_constraint_for_other_methods_is_none() -> None:
    assert reason("/", constraint("/*", LOGIN, "<http-method>POST</http-method>")) == ""
    assert reason("/", constraint("/*", LOGIN, "<http-method-omission>GET</http-method-omission>")) == ""
    assert reason("/", constraint("/*", LOGIN, "<http-method>get</http-method>"))


def test_nothing_is_in_the_way_without_a_descriptor() -> None:
    assert access_restriction(WebApp("", "", None), "/") == ""
