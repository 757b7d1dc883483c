"""What two apps cannot both have is told for all of them at once, beside all other mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.config import parse
from hookserver.errors import SettingsError


def mistakes(text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        parse(text, Path("hookserver.toml"))
    return caught.value.mistakes


SHOP = '[apps.shop]\nrepository = "push"\ndomains = ["shop.example.com"]\n'
TWIN = SHOP.replace("apps.shop", "apps.twin")
BLOG = '[apps.blog]\nrepository = "push"\ndomains = ["blog.example.com"]\n'


def test_conflict_is_reported_at_its_app_beside_other_mistakes() -> None:
    told = mistakes(
        "[server]\nbuilds = 0\n[docker]\ncluster_subnet = '172.30.240.0/24'\n"
        + SHOP
        + "replicas = 99\nrelease.sessions = 'replicated'\n"
        + TWIN
        + BLOG
        + 'redirects = ["shop.example.com"]\nimage = "Acme"\n'
    )
    assert [line.split(": ")[0] for line in told] == [
        "server.builds",
        "apps.shop.replicas",
        "apps.blog.image",
        "apps.twin.domains",
        "apps.blog.redirects",
        "docker.cluster_subnet",
    ]


def test_key_that_is_wrong_itself_makes_no_conflict() -> None:
    assert [line.split(": ")[0] for line in mistakes(SHOP + TWIN + 'path = "no slash"\n')] == ["apps.twin.path"]
    told = mistakes(SHOP + TWIN.replace("shop.example.com", "Shop"))
    assert [line.split(": ")[0] for line in told] == ["apps.twin.domains.0"]
    assert len(mistakes("apps = 5")) == len(mistakes("docker = 5\n" + SHOP)) == len(mistakes("[apps]\nshop = 5")) == 1


def test_more_apps_than_the_subnet_has_room_for_are_reported() -> None:
    apps = "".join(SHOP.replace("shop", f"shop{number}") for number in range(4))
    told = mistakes("[docker]\nsubnet = '172.30.240.0/26'\n" + apps)
    assert told == ["docker.subnet: 172.30.240.0/26 has room for 3 apps, not 4"]
