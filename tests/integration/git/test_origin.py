"""A redirect is followed on the same server alone; no password reaches another one."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hookserver.errors import GitError
from hookserver.git import Mirror
from tests.integration.git.conftest import Source
from tests.shop.git_server import GitServer, git_server

Make = Callable[..., Mirror]
USER = "bot:canary-s3cret"


@pytest.fixture
def other(tmp_path: Path) -> Iterator[GitServer]:
    """A server on another port, which a redirect leads to."""
    with git_server(tmp_path / "other") as served:
        yield served


def test_redirect_on_the_same_server_is_followed(
    server: GitServer, source: Source, mirror_of: Make, tmp_path: Path
) -> None:
    server.moved = {"old.git": "/older.git", "older.git": f"{server.url('shop.git')}"}
    mirror = mirror_of(server.url("old.git"))
    tip = mirror.tip(20)
    assert tip == source.git("rev-parse", "HEAD")
    assert mirror_of(server.url("old.git")).fetch(20) == tip
    mirror.checkout(tip, tmp_path / "work", 20)
    assert (tmp_path / "work/pom.xml").is_file()


def test_password_is_sent_again_after_a_redirect_on_the_same_server(
    server: GitServer, source: Source, mirror_of: Make
) -> None:
    server.user = USER
    server.moved = {"old.git": "/shop.git"}
    assert mirror_of(server.url("old.git", USER)).fetch(20) == source.git("rev-parse", "HEAD")


@pytest.mark.parametrize("call", [Mirror.tip, Mirror.fetch])
def test_redirect_to_another_server_is_refused_and_names_it(
    server: GitServer, other: GitServer, mirror_of: Make, call: Callable[[Mirror, float], str]
) -> None:
    server.moved = {"old.git": other.url("shop.git", "eve:canary-t0ken")}
    with pytest.raises(GitError, match="redirects to another one") as caught:
        call(mirror_of(server.url("old.git", USER)), 20)
    assert f"set apps.<app>.repository to {other.url('shop.git')}," in caught.value.remedy
    assert "canary" not in str(caught.value)
    assert other.asked == []


@pytest.mark.parametrize("status_of_login", [True, False])
def test_password_is_never_sent_to_another_server(
    server: GitServer, other: GitServer, mirror_of: Make, home: Path, status_of_login: bool
) -> None:
    (home / ".netrc").write_text(f"machine 127.0.0.1 login bot password {USER.partition(':')[2]}\n")
    (home / ".gitconfig").write_text("[http]\n\tfollowRedirects = true\n")
    server.user = USER if status_of_login else ""
    server.moved = {"old.git": other.url("shop.git")}
    with pytest.raises(GitError, match="redirects to another one"):
        mirror_of(server.url("old.git", USER)).fetch(20)
    assert other.asked == []


def test_redirect_of_a_later_request_is_refused(
    server: GitServer, other: GitServer, mirror_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pack is asked for by a POST, after the list of branches."""
    moved: dict[str, str] = {}

    class Later(dict[str, str]):
        def __contains__(self, name: object) -> bool:
            return len(server.asked) > 1

        def __getitem__(self, name: str) -> str:
            return moved[name]

    moved["shop.git"] = other.url("shop.git")
    server.moved = Later()
    with pytest.raises(GitError):
        mirror_of(server.url("shop.git")).fetch(20)
    assert other.asked == []


def test_circle_of_redirects_is_reported(server: GitServer, mirror_of: Make) -> None:
    server.moved = {"a.git": "/b.git", "b.git": "/a.git"}
    with pytest.raises(GitError, match="redirects again and again"):
        mirror_of(server.url("a.git")).tip(20)


def test_redirect_to_a_login_page_is_reported(server: GitServer, mirror_of: Make) -> None:
    server.moved = {"old.git": "/users/sign_in?from="}
    with pytest.raises(GitError, match="which is no repository") as caught:
        mirror_of(server.url("old.git")).tip(20)
    assert "login page" in caught.value.remedy


def test_submodules_and_alternates_of_a_server_are_not_asked_for(
    server: GitServer, other: GitServer, source: Source, mirror_of: Make, tmp_path: Path
) -> None:
    module = f'[submodule "x"]\n\tpath = x\n\turl = {other.url("x.git")}\n'
    tip = source.commit({".gitmodules": module})
    mirror = mirror_of(server.url("shop.git"))
    mirror.checkout(mirror.fetch(20), tmp_path / "work", 20)
    assert mirror.tip(20) == tip
    assert other.asked == []


def test_server_gets_the_password_of_its_address(server: GitServer, mirror_of: Make) -> None:
    server.user = USER
    mirror_of(server.url("shop.git", USER)).tip(20)
    assert server.asked[-1][1] == f"Basic {base64.b64encode(USER.encode()).decode()}"
