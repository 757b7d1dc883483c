"""Which redirects of a git server are followed."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookserver.errors import GitError
from hookserver.git.redirect import is_redirect, redirected
from hookserver.git.remote import parse_remote

REQUEST = "/info/refs?service=git-upload-pack"


def trace(location: str) -> str:
    return (
        f"22:01:02.3 http.c:684              <= Recv header: HTTP/1.1 301 Moved Permanently\n"
        f"22:01:02.3 http.c:684              <= Recv header: Location: {location}\n"
        "fatal: unable to access 'http://git.example.com/a.git/': The requested URL returned error: 301\n"
    )


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_known_by_gits_error(status: int) -> None:
    assert is_redirect(f"fatal: unable to access 'x': The requested URL returned error: {status}\n")
    assert not is_redirect("fatal: unable to access 'x': The requested URL returned error: 404\n")


@pytest.mark.parametrize(
    ("url", "location", "new"),
    [
        ("https://git.example.com/a", "https://git.example.com/a.git", "https://git.example.com/a.git"),
        ("https://git.example.com/a.git", "/new/a.git", "https://git.example.com/new/a.git"),
        ("https://git.example.com/a.git", "//GIT.example.com:443/b.git", "https://GIT.example.com:443/b.git"),
        ("http://git.example.com/a.git", "https://git.example.com/a.git", "https://git.example.com/a.git"),
        ("http://git.example.com:3000/a", "http://git.example.com:3000/a.git", "http://git.example.com:3000/a.git"),
        ("https://git.example.com/a", "https://eve:x@git.example.com/b.git", "https://git.example.com/b.git"),
    ],
)
def test_redirect_on_the_same_server_gives_the_new_address(url: str, location: str, new: str) -> None:
    assert redirected(parse_remote(url), trace(location + REQUEST)) == new


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("https://git.example.com/a.git", "https://git.example.org/a.git"),
        ("https://git.example.com/a.git", "http://git.example.com/a.git"),
        ("https://git.example.com/a.git", "https://git.example.com:8443/a.git"),
        ("http://git.example.com:3000/a.git", "https://git.example.com/a.git"),
        ("http://git.example.com/a.git", "http://169.254.169.254/a.git"),
        ("http://git.example.com/a.git", "http://git.example.com@evil.example/a.git"),
        ("http://git.example.com/a.git", "file:///etc/a.git"),
        ("http://git.example.com/a.git", "//evil.example/a.git"),
    ],
)
def test_redirect_to_another_server_is_refused(url: str, location: str) -> None:
    with pytest.raises(GitError, match="redirects to another one"):
        redirected(parse_remote(url), trace(location + REQUEST))


@pytest.mark.parametrize("location", ["/login", "http://[::1", "http://a:99999999/x", "/a.git?x", "javascript:x"])
def test_redirect_to_no_repository_is_refused(location: str) -> None:
    with pytest.raises(GitError, match=r"no repository|address that is none"):
        redirected(parse_remote("https://git.example.com/a.git"), trace(location))


def test_trace_without_a_location_is_refused() -> None:
    with pytest.raises(GitError, match="no repository"):
        redirected(parse_remote("https://git.example.com/a.git"), "fatal: x")


@given(st.text(st.one_of(st.sampled_from(":/@?#[]%.\\ \t"), st.characters())))
def test_no_location_leads_to_another_server_or_shows_the_password(location: str) -> None:
    remote = parse_remote("https://bot:hunter22@git.example.com/a.git")
    caught, new = "", urlsplit(remote.url)
    try:
        new = urlsplit(redirected(remote, trace(location + REQUEST)))
    except GitError as error:
        caught = str(error)
    assert "hunter22" not in caught
    assert (new.scheme, new.hostname, new.port or 443) == ("https", "git.example.com", 443)
    assert new.username is None


@pytest.mark.parametrize("piece", ["<= Recv header: location: ", "location: x<= Recv header: ", " ", "/"])
def test_megabyte_of_headers_is_read_in_less_than_a_second(piece: str) -> None:
    began = time.process_time()
    with pytest.raises(GitError):
        redirected(parse_remote("https://git.example.com/a.git"), piece * (1_000_000 // len(piece)))
    assert time.process_time() - began < 1
