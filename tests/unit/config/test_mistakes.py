"""Mistakes are reported in the words of the settings file, not in those of a library."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.config import parse
from hookserver.errors import SettingsError

APP = '[apps.shop]\nrepository = "push"\ndomains = ["shop.example.com"]\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (APP.replace('["shop.example.com"]', '"a.b"'), 'apps.shop.domains: should be a list: ["a.b"]'),
        (APP + "webhook_secret = 5", "apps.shop.webhook_secret: should be a text in quotes"),
        (APP + "replicas = 1.5", "apps.shop.replicas: should be a whole number"),
        (APP + "build.offline = 7", "apps.shop.build.offline: should be true or false"),
        (APP + "build.cpus = 'two'", "apps.shop.build.cpus: should be a number"),
        (APP + "branch = 5", "apps.shop.branch: should be a text in quotes"),
        (APP + "tomcat.env_file = 5", "apps.shop.tomcat.env_file: should be a path in quotes"),
        (APP + "tomcat.env = 'x'", 'apps.shop.tomcat.env: should be a table, such as { key = "value" }'),
        (APP + "build = [1]", "apps.shop.build: should be a table, [apps.shop.build]"),
        ("server = 5", "server: should be a table, [server]"),
        ("[nginx]\nlisten = [80]", "nginx.listen.0: should be a text in quotes"),
        ("[nginx]\nlisten = []", "nginx.listen: needs at least one"),
        (
            "[nginx]\ntrusted_proxies = ['x']",
            'nginx.trusted_proxies.0: should be a network, such as "10.0.0.0/8", with only zeros behind its mask',
        ),
    ],
)
def test_each_is_reported_once_with_what_is_wanted(text: str, message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(text, Path("hookserver.toml"))
    assert caught.value.mistakes == [message]


def test_app_with_a_bad_name_is_reported_once() -> None:
    with pytest.raises(SettingsError) as caught:
        parse(APP.replace("apps.shop", 'apps."Bad Name"'), Path("hookserver.toml"))
    assert [line.split(": ")[0] for line in caught.value.mistakes] == ["apps.Bad Name"]
