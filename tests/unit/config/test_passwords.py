"""Secrets of the settings are never shown or recorded, and the log masks them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hookserver.config import parse, record
from hookserver.config.passwords import hide, is_secret_name, secrets_in, without_user

WITH_A_PASSWORD = [
    ("https://ghp_canary@git.example.com/shop.git", "https://••••••@git.example.com/shop.git"),
    ("https://ghp_canary:x-oauth-basic@git.example.com/a", "https://••••••@git.example.com/a"),
    ("https://bot:can@ary@git.example.com/a", "https://••••••@git.example.com/a"),
    ("ssh://git:canary@git.example.com/a", "ssh://git:••••••@git.example.com/a"),
    ("postgres://shop:canary@db/shop", "postgres://shop:••••••@db/shop"),
    (
        "jdbc:mariadb://db/shop?user=shop&password=canary&ssl=1",
        "jdbc:mariadb://db/shop?user=shop&password=••••••&ssl=1",
    ),
    ("jdbc:sqlserver://db;user=shop;password=canary;x=1", "jdbc:sqlserver://db;user=shop;password=••••••;x=1"),
    ("jdbc:oracle:thin:shop/canary@db:1521:XE", "jdbc:oracle:thin:shop/••••••@db:1521:XE"),
    ("-Xmx1g -Ddb.password=canary -Dx=y", "-Xmx1g -Ddb.password=•••••• -Dx=y"),
]


@pytest.mark.parametrize(("text", "shown"), WITH_A_PASSWORD)
def test_password_inside_a_text_is_hidden_and_known(text: str, shown: str) -> None:
    assert hide({"env": [text]}) == {"env": [shown]}
    assert any("can" in secret for secret in secrets_in(text))


@pytest.mark.parametrize(
    "text",
    ["git@host:acme/shop.git", "ssh://git@host:22/a@b", "https://a.example.com/x@y", "jdbc:mysql://db/shop", "ada@b.c"],
)
def test_text_without_a_password_stays_as_it_is(text: str) -> None:
    assert hide(text) == text
    assert not list(secrets_in(text))


def test_password_is_known_as_it_is_written_and_as_it_is_meant() -> None:
    assert set(secrets_in("https://bot:p%40ss@git.example.com/a")) == {"p%40ss", "p@ss"}


def test_address_for_everybody_has_no_user_and_no_tail_of_a_password() -> None:
    assert without_user("https://bot:p@ss@git.example.com/a@b") == "https://git.example.com/a@b"


@pytest.mark.parametrize(
    "name", ["DB_PWD", "MYSQL_PWD", "DB_PW", "PASSPHRASE", "API_KEY", "AWS_SECRET_ACCESS", "creds"]
)
def test_usual_names_of_secrets_are_known(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["DB_HOST", "CREDIT_LIMIT", "AUTHOR", "SPWX"])
def test_other_names_are_none(name: str) -> None:
    assert not is_secret_name(name)


def test_no_secret_is_shown_or_remembered() -> None:
    text = """
        [apps.shop]
        repository = "https://canary@git.example.com/shop.git"
        domains = ["shop.example.com"]
        [apps.shop.tomcat]
        java_opts = "-Ddb.password=canary"
        env = { MYSQL_PWD = "canary", DB_URL = "jdbc:mysql://db/shop?password=canary" }
        [apps.shop.release]
        prepare = ["migrate", "--url", "postgres://shop:canary@db/shop"]
        """
    loaded = parse(text, Path("x"))
    recorded = record(loaded.settings, "salt")
    assert "canary" not in str(loaded.effective()) + json.dumps(recorded)
    other = record(parse(text.replace("canary", "finch"), Path("x")).settings, "salt")
    assert recorded["apps"]["shop"]["repository"] != other["apps"]["shop"]["repository"]
