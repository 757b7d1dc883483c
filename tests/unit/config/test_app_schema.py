"""The keys of an app: defaults, and what follows from other keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.config import parse
from tests.unit.config.samples import APP, mistakes, settings


def test_only_an_apps_own_facts_have_no_default() -> None:
    assert mistakes("[apps.shop]\n") == [
        "apps.shop.repository: missing; it has no default",
        "apps.shop.domains: missing; it has no default",
    ]


def test_key_that_does_not_work_yet_is_refused() -> None:
    assert mistakes(APP + "[apps.shop.release]\nwatch = '30s'")


def test_context_and_the_health_path_follow_the_path() -> None:
    root = settings().apps["shop"]
    below = settings('path = "/de/shop/"\n').apps["shop"]
    assert (root.tomcat.context, root.health.path) == ("ROOT", "/")
    assert (below.path, below.tomcat.context, below.health.path) == ("/de/shop", "de#shop", "/de/shop/")


@pytest.mark.parametrize("path", ["/a//b", "/a/../b", "/./a", "/%41"])
def test_path_that_nginx_would_rewrite_is_refused(path: str) -> None:
    assert "write the path as visitors see it" in mistakes(f'{APP}path = "{path}"')[0]


def test_only_sticky_sessions_keep_the_old_slot() -> None:
    assert settings().apps["shop"].release.sticky_seconds == 1800.0
    for sessions in ("none", "shared"):
        other = settings(f'[apps.shop.release]\nsessions = "{sessions}"').apps["shop"].release
        assert other.sticky_seconds == 0.0


def test_stored_sessions_have_room_for_at_least_a_megabyte() -> None:
    assert settings().apps["shop"].release.sessions_max == 256 << 20
    assert settings('[apps.shop.release]\nsessions_max = "1m"').apps["shop"].release.sessions_max == 1 << 20
    (mistake,) = mistakes(APP + '[apps.shop.release]\nsessions_max = "1023k"')
    assert mistake.startswith("apps.shop.release.sessions_max: 1023k is too small")


@pytest.mark.parametrize(("repository", "pushed"), [("push", True), ("https://git.example.com/push", False)])
def test_only_the_repository_push_is_pushed_to(repository: str, pushed: bool) -> None:
    app = f'[apps.shop]\nrepository = "{repository}"\ndomains = ["shop.example.com"]\n'
    assert parse(app, Path("x")).settings.apps["shop"].is_pushed_to is pushed


WEAK = "apps.shop.webhook_secret: has under 16 characters, so it can be guessed; make one with `openssl rand -hex 32`"


@pytest.mark.parametrize(
    "secret", ["x", "fifteen-charact", "  fifteen-charact  ", "a-long-and-good-one\nshort", "é" * 15]
)
def test_webhook_secret_that_can_be_guessed_is_refused(secret: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(secret)
    for line in (f'webhook_secret = """{secret}"""', f'webhook_secret_file = "{tmp_path}/secret"'):
        assert mistakes(f"{APP}{line}\n") == [WEAK]


def test_two_webhook_secrets_are_valid_at_a_time(tmp_path: Path) -> None:
    assert settings().apps["shop"].webhook_secrets == ()
    (tmp_path / "secret").write_text("\nthe-secret-to-come\n\n  the-secret-of-now \r\n")
    line = f'webhook_secret_file = "{tmp_path}/secret"\n'
    assert settings(line).apps["shop"].webhook_secrets == ("the-secret-to-come", "the-secret-of-now")
    (tmp_path / "secret").write_text("the-secret-to-come\n" * 3)
    assert mistakes(APP + line) == ["apps.shop.webhook_secret: has 3 secrets, each on a line; 2 may be valid at a time"]
