"""Conflicts between apps are reported at once for all of them, beside all other mistakes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hookserver.config import parse
from tests.unit.config.samples import APP, BLOG, mistakes

SHOP = '[apps.shop]\nrepository = "push"\ndomains = ["shop.example.com"]\n'
TWIN = SHOP.replace("apps.shop", "apps.twin")


def test_conflict_is_reported_at_its_app_beside_other_mistakes() -> None:
    messages = mistakes(
        "[server]\nbuilds = 0\n"
        + SHOP
        + "replicas = 99\n"
        + TWIN
        + BLOG
        + 'redirects = ["shop.example.com"]\nimage = "Acme"\n'
    )
    assert [line.split(": ")[0] for line in messages] == [
        "server.builds",
        "apps.shop.replicas",
        "apps.blog.image",
        "apps.twin.domains",
        "apps.blog.redirects",
    ]


def test_key_that_is_wrong_itself_makes_no_conflict() -> None:
    assert [line.split(": ")[0] for line in mistakes(SHOP + TWIN + 'path = "no slash"\n')] == ["apps.twin.path"]
    messages = mistakes(SHOP + TWIN.replace("shop.example.com", "Shop"))
    assert [line.split(": ")[0] for line in messages] == ["apps.twin.domains.0"]
    assert len(mistakes("apps = 5")) == len(mistakes("docker = 5\n" + SHOP)) == len(mistakes("[apps]\nshop = 5")) == 1


def test_more_apps_than_the_subnet_has_room_for_are_reported() -> None:
    apps = "".join(SHOP.replace("shop", f"shop{number}") for number in range(4))
    messages = mistakes("[docker]\nsubnet = '172.30.240.0/26'\n" + apps)
    assert messages == ["docker.subnet: 172.30.240.0/26 has room for 2 apps, not 4"]


def test_two_apps_cannot_have_the_same_place() -> None:
    twin = APP.replace("shop]", "twin]")
    assert "both have shop.example.com/" in mistakes(APP + twin)[0]
    apart = twin + 'path = "/twin"\n'
    assert parse(APP + apart, Path("x")).settings.apps.keys() == {"shop", "twin"}


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        (APP + 'redirects = ["shop.example.com"]', "shop.example.com is a domain of apps.shop"),
        (APP + BLOG + 'redirects = ["shop.example.com"]', "shop.example.com is a domain of apps.shop"),
        (APP + 'redirects = ["www.a.com"]' + BLOG + 'redirects = ["www.a.com"]', "redirected to shop.example.com"),
        (BLOG.replace("blog.ex", "*.ex") + 'redirects = ["www.a.com"]', r"cannot be a wildcard: \*.example.com"),
        (APP + 'redirects = ["www .a"]', "is not a domain"),
        ('[nginx]\nmode = "sytem"\n' + APP, "Did you mean 'system'"),
    ],
)
def test_redirect_that_conflicts_is_reported(text: str, mistake: str) -> None:
    assert re.search(mistake, "\n".join(mistakes(text)))
