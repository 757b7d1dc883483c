"""Names in ``server_name``."""

from __future__ import annotations

import pytest

from hookserver.nginx.system.server_names import expression_matches, is_expression, is_wider


@pytest.mark.parametrize(
    ("name", "wider"),
    [
        ("*.example.com", True),
        ("shop.*", True),
        ("*.com", True),
        ("~^[[:alnum:]]+", True),
        (r"~\Qshop\E", True),
        ("*.shop.example.com", False),
        ("shop.example.com", False),
        ("example.*", False),
        ("~^shop", False),
        ("~^www", False),
        ("_", False),
        ("", False),
    ],
)
def test_wildcard_is_wider_than_a_domain_that_it_means(name: str, wider: bool) -> None:
    assert is_wider(name, "shop.example.com") is wider


def test_wildcard_is_not_wider_than_itself() -> None:
    assert not is_wider("*.example.com", "*.example.com")


@pytest.mark.parametrize(
    ("name", "matches"),
    [
        (r"~^(www\.)?shop\.example\.com$", True),
        (r"~^(?<sub>\w{1,9})\.example\.com$", True),
        (r"~^(?P<sub>\S+)\.EXAMPLE\.com$", True),
        (r"~^(?'sub'\w+)\.example\.com$", True),
        ("~shop", True),
        (r"~^www\.shop\.example\.com$", False),
        (r"~^(?<!\w)\Qshop.example.com\E", False),
        ("~^[[:alpha:]]+", False),
        ("~(", False),
        ("shop.example.com", False),
        ("*.example.com", False),
    ],
)
def test_expression_matches_as_nginx_has_it(name: str, matches: bool) -> None:
    assert expression_matches(name, "shop.example.com") is matches


def test_expression_is_known_by_its_tilde() -> None:
    assert is_expression("~^shop")
    assert not is_expression("*.example.com")
