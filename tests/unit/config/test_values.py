"""Names, addresses and commands as people write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.config import parse
from hookserver.config.values import is_branch
from tests.unit.config.samples import APP, mistakes, settings


@pytest.mark.parametrize(
    "name", ["; } server {", "a\nb", "$host", "Shop", "-shop", "shop-", "a" * 41, "sh op", "../x", "ä"]
)
def test_name_that_would_break_out_of_a_file_is_refused(name: str) -> None:
    quoted = name.encode("unicode_escape").decode()
    assert mistakes(f'[apps."{quoted}"]\nrepository = "push"\ndomains = ["a.example.com"]\n')


@pytest.mark.parametrize(
    "repository",
    [
        "ext::sh -c true",
        "https://",
        "--upload-pack=touch x",
        "-u",
        "file",
        "relative/path",
        "https://a b",
        "git@host:-x",
        "",
    ],
)
def test_hostile_repository_is_refused(repository: str) -> None:
    assert mistakes(f'[apps.shop]\nrepository = "{repository}"\ndomains = ["a.example.com"]\n')


@pytest.mark.parametrize(
    "repository",
    [
        "push",
        "https://git.example.com/acme/shop.git",
        "ssh://git@host:2222/shop",
        "git@host:acme/shop.git",
        "/srv/x.git",
    ],
)
def test_every_usual_kind_of_repository_is_accepted(repository: str) -> None:
    text = f'[apps.shop]\nrepository = "{repository}"\ndomains = ["a.example.com"]\n'
    assert parse(text, Path("x")).settings.apps["shop"].repository == repository


@pytest.mark.parametrize("context", ["/shop", "../../conf; x", "..", "a#..#b", "a##1", "shop\\n", "de#"])
def test_wrong_context_is_refused(context: str) -> None:
    assert "is not a context" in mistakes(APP + f'[apps.shop.tomcat]\ncontext = "{context}"')[0]


@pytest.mark.parametrize("context", ["ROOT", "shop", "de#shop-2", "a.b", "-x"])
def test_every_usual_context_is_accepted(context: str) -> None:
    assert settings(f'[apps.shop.tomcat]\ncontext = "{context}"').apps["shop"].tomcat.context == context


@pytest.mark.parametrize("user", ["u:pa[ss-canary", "u:pass-canary]", "u:pass-canary/x", "u:canary#y", "u:a canary"])
def test_unreadable_address_is_reported_without_its_password(user: str) -> None:
    messages = mistakes(APP.replace('"push"', f'"https://{user}@git.example.com/shop.git"'))
    assert [line.split(": ")[0] for line in messages] == ["apps.shop.repository"]
    assert "canary" not in str(messages)


@pytest.mark.parametrize("name", ["main", "feature/tea", "v1.2", "a@b", "ümlaut"])
def test_branch_that_git_accepts_is_one(name: str) -> None:
    assert is_branch(name)


@pytest.mark.parametrize("name", ["", "@", "-x", "a..b", "a b", "a.lock", "a\u202eb", "x" * 251])
def test_name_that_git_refuses_or_a_terminal_disguises_is_no_branch(name: str) -> None:
    assert not is_branch(name)
