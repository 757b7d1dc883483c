from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookserver.git.remote import branch_missing, explained, output_excerpt, parse_heads, parse_remote

TOKEN = "s3cret%2Fpart"


def test_credentials_are_not_in_the_address_and_go_only_to_its_server() -> None:
    remote = parse_remote(f"https://bot:{TOKEN}@git.example.com:8443/acme/shop.git")
    assert remote.url == "https://git.example.com:8443/acme/shop.git"
    assert remote.environment["HOOKSERVER_GIT_PASSWORD"] == "s3cret/part"
    assert remote.environment["GIT_CONFIG_KEY_1"] == "credential.https://git.example.com:8443.helper"
    assert "s3cret" not in repr(remote) + str(remote) + remote.environment["GIT_CONFIG_VALUE_1"]


def test_user_without_a_password_is_not_in_the_address_since_it_may_be_a_token() -> None:
    remote = parse_remote("https://ghp_canary@git.example.com/acme/shop.git")
    assert remote.url == "https://git.example.com/acme/shop.git"
    assert remote.environment["HOOKSERVER_GIT_USER"] == "ghp_canary"
    assert remote.mask("remote: ghp_canary may not read this") == "remote: •••••• may not read this"


@pytest.mark.parametrize(
    "repository",
    ["https://git.example.com/a.git", "git@git.example.com:a.git", "ssh://git@git.example.com/a.git", "/srv/a.git"],
)
def test_address_without_a_password_stays_as_it_is(repository: str) -> None:
    remote = parse_remote(repository)
    assert (remote.url, remote.environment, str(remote)) == (repository, {}, repository)


def test_output_of_git_is_shown_without_passwords_and_noise() -> None:
    remote = parse_remote("https://bot:hunter22@git.example.com/a.git")
    stderr = "warning: x\nfatal: https://bot:p@ss@git.example.com/a.git hunter22\nhint: y\n"
    assert output_excerpt(stderr, remote) == "git: fatal: https://••••••@git.example.com/a.git ••••••"


@pytest.mark.parametrize(
    ("stderr", "problem", "remedy"),
    [
        (
            "fatal: could not read Username for 'https://x': terminal prompts disabled",
            "refuses the login",
            "https://user:token@host",
        ),
        ("fatal: Authentication failed for 'https://x/'", "refuses the login", "token"),
        ("git@x: Permission denied (publickey).", "none of our SSH keys", "deploy key"),
        ("Host key verification failed.", "host key", "known_hosts"),
        ("fatal: unable to access 'https://x/': Could not resolve host: x", "name is not found", "DNS"),
        ("ssh: connect to host x port 22: Connection refused", "cannot be reached", "firewall"),
        ("fatal: unable to access: SSL certificate problem: self-signed certificate", "not trusted", "sslCAInfo"),
        ("remote: Repository not found.\nfatal: repository 'https://x/' not found", "no such repository", "account"),
        ("fatal: transport 'ext' not allowed", "not allowed", "https://"),
        ("error: RPC failed; curl 18 transfer closed\nfatal: early EOF", "git server broke", "Push again"),
        ("error: unable to write file: No space left on device", "disk is full", "room"),
        ("fatal: mismatched algorithms: client sha1; server sha256\nfatal: early EOF", "SHA-256", "SHA-1"),
        ("The requested URL returned error: 503", "internal error", "Push again"),
    ],
)
def test_known_failure_has_a_meaning_and_a_remedy(stderr: str, problem: str, remedy: str) -> None:
    error = explained(stderr, parse_remote("https://x/"))
    assert error is not None
    assert problem in error.problem
    assert remedy in error.remedy


def test_unknown_failure_gets_no_explanation() -> None:
    assert explained("fatal: bad object refs/heads/main", parse_remote("/srv/a.git")) is None


def test_listing_of_heads_is_read_strictly() -> None:
    commit = "a" * 40
    assert parse_heads(f"{commit}\trefs/heads/main\nnoise\nzz\trefs/heads/x\n") == {"refs/heads/main": commit}


def test_error_for_a_missing_branch_names_the_others() -> None:
    heads = {f"refs/heads/b{number}": "" for number in range(12)}
    assert "b0, b1" in branch_missing(parse_remote("/srv/a.git"), "main", heads).problem
    assert "and 2 more" in branch_missing(parse_remote("/srv/a.git"), "main", heads).problem
    assert "empty" in branch_missing(parse_remote("/srv/a.git"), "main", {}).problem


@pytest.mark.parametrize("left", [58373, 4290, 40373, 40411, 30199])
def test_count_of_missing_bytes_is_no_status_of_the_server(left: int) -> None:
    stderr = f"error: {left} bytes of body are still expected\nfatal: early EOF\n"
    assert "the connection to the git server broke" in str(explained(stderr, parse_remote("https://git.example.com/a")))


@given(st.text(st.one_of(st.sampled_from("hunter22 @:/\n\x1b\r"), st.characters())))
def test_no_output_of_a_server_breaks_its_description_or_shows_the_password(stderr: str) -> None:
    remote = parse_remote("https://bot:hunter22@git.example.com/a.git")
    text = output_excerpt(f"{stderr}\nfatal: hunter22{stderr}", remote)
    assert all(line.startswith("git: ") for line in text.split("\n") if line)
    assert "hunter22" not in f"{text}{explained(f'{stderr}Authentication failed hunter22', remote)}"


@given(st.text(st.one_of(st.sampled_from("0123456789abcdef\t\n"), st.characters())))
def test_every_listing_of_refs_is_understood_or_left_out(listing: str) -> None:
    assert all(set(commit) <= set("0123456789abcdef") for commit in parse_heads(listing).values())


@pytest.mark.parametrize(
    "piece", ["a", "hint: ", "warning: \n", "Permission denied (", "SSL ", "transport '", "Repository ", "\n"]
)
def test_megabyte_of_output_is_described_in_less_than_a_second(piece: str) -> None:
    remote, began = parse_remote("https://bot:hunter22@git.example.com/a.git"), time.process_time()
    stderr = piece * (1_000_000 // len(piece))
    explained(stderr, remote)
    output_excerpt(stderr, remote)
    parse_heads(stderr)
    assert time.process_time() - began < 1
