"""The settings for Nginx."""

from __future__ import annotations

from hookserver.changes.nginx_settings import settings_for_nginx
from tests.unit.changes.test_plan import BEFORE, known, live, read


def test_app_keeps_its_path_until_a_release_of_the_new_context_is_live() -> None:
    old, new = read(BEFORE), read(BEFORE.replace("webhook_secret", 'path = "/store"\nwebhook_secret'))
    assert settings_for_nginx(new, live(old, "shop"), known(old)).apps["shop"].path == "/"
    assert settings_for_nginx(new, live(new, "shop"), known(old)).apps["shop"].path == "/store"
    assert settings_for_nginx(new, {}, known(old)).apps["shop"].path == "/store"


def test_removed_app_keeps_its_own_domains_until_it_is_retired() -> None:
    old = read(BEFORE.replace('["shop.example.com"]', '["shop.example.com", "b.example.com"]'))
    new = read('[apps.new]\nrepository = "push"\ndomains = ["b.example.com"]\n')
    serving = live(old, "shop")
    assert settings_for_nginx(new, serving, known(old)).apps["shop"].domains == ("shop.example.com",)
    assert "shop" not in settings_for_nginx(new, serving, known(old, retire=("shop",))).apps
    assert "shop" not in settings_for_nginx(new, {}, known(old)).apps
