"""The keys of the settings file: defaults, and what follows from other keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.config import Settings, load, parse
from tests.unit.config.samples import APP, mistakes, settings

EXAMPLE = Path(__file__).parents[3] / "deploy" / "hookserver.example.toml"


def test_only_an_apps_own_facts_have_no_default() -> None:
    assert mistakes("[apps.shop]\n") == [
        "apps.shop.repository: missing; it has no default",
        "apps.shop.domains: missing; it has no default",
    ]


def test_key_that_does_not_work_yet_is_refused() -> None:
    assert mistakes(APP + "[apps.shop.release]\nwatch = '30s'")


def test_webhook_url_is_below_the_public_url_when_there_is_one() -> None:
    public = parse('[server]\npublic_url = "https://deploy.example.com/"\n', Path("x")).settings.server
    assert public.webhook_url("shop") == "https://deploy.example.com/hooks/shop"
    assert Settings().server.webhook_url("shop") == "http://127.0.0.1:9000/hooks/shop"
    assert mistakes('[server]\npublic_url = "deploy.example.com"')[0].startswith("server.public_url: ")


def test_context_and_the_health_path_follow_the_path() -> None:
    root = settings().apps["shop"]
    below = settings('path = "/de/shop/"\n').apps["shop"]
    assert (root.tomcat.context, root.health.path) == ("ROOT", "/")
    assert (below.path, below.tomcat.context, below.health.path) == ("/de/shop", "de#shop", "/de/shop/")


def test_example_shows_the_defaults() -> None:
    lines = EXAMPLE.read_text().splitlines()
    spoken = "\n".join(line[2:] if line.startswith("# ") and " = " in line else line for line in lines)
    without_secret = "\n".join(line for line in spoken.splitlines() if "webhook_secret_file" not in line)
    told, default = parse(without_secret, Path("x")).settings, load(EXAMPLE).settings
    shop, shop_default = told.apps["shop"], default.apps["shop"]
    assert shop.model_copy(update={"image": shop_default.image}) == shop_default
    assert (told.server, told.nginx, told.docker) == (default.server, default.nginx, default.docker)


@pytest.mark.parametrize("path", ["/a//b", "/a/../b", "/./a", "/%41"])
def test_path_that_nginx_would_rewrite_is_refused(path: str) -> None:
    assert "write the path as visitors see it" in mistakes(f'{APP}path = "{path}"')[0]


def test_only_sticky_sessions_keep_the_old_slot() -> None:
    assert settings().apps["shop"].release.sticky_seconds == 1800.0
    none = settings('[apps.shop.release]\nsessions = "none"').apps["shop"].release
    assert none.sticky_seconds == 0.0


@pytest.mark.parametrize(
    ("listen", "url"),
    [("127.0.0.1:9000", "http://127.0.0.1:9000"), ("9000", "http://127.0.0.1:9000"), ("[::1]:80", "http://[::1]:80")],
)
def test_local_url_reaches_the_address_that_is_listened_on(listen: str, url: str) -> None:
    assert parse(f'[server]\nlisten = "{listen}"', Path("x")).settings.server.local_url == url


@pytest.mark.parametrize("listen", ['["80", "0.0.0.0:80"]', '["0"]', "[]"])
def test_nginx_listens_on_each_address_once_and_on_real_ports(listen: str) -> None:
    assert mistakes(f"[nginx]\nlisten = {listen}")[0].startswith("nginx.listen: ")


@pytest.mark.parametrize(("repository", "pushed"), [("push", True), ("https://git.example.com/push", False)])
def test_only_the_repository_push_is_pushed_to(repository: str, pushed: bool) -> None:
    app = f'[apps.shop]\nrepository = "{repository}"\ndomains = ["shop.example.com"]\n'
    assert parse(app, Path("x")).settings.apps["shop"].is_pushed_to is pushed
